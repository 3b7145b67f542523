/* SPDX-License-Identifier: MIT
 * Where recorded operations go: the trace file, its live sidecar, and the slots in it.
 * Owns both files and the lock that orders writing. Called by stream.c alone.
 *
 * Files are opened by name for each chunk and closed again: a program may close descriptors it
 * does not know, or put its own file on their numbers. System calls are raw, for the wrappers
 * are cancellation points. */
#include "trace/recorder/recorder.h"

#include "trace/chunk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_SIZE = PATH_MAX + 32, SUFFIX_TRIES = 1000 };

static struct {
    pthread_mutex_t lock;
    /* Constant after open. */
    char trace_path[PATH_SIZE];
    char sidecar_path[PATH_SIZE + sizeof FB_SIDECAR_SUFFIX];
    char parent_path[PATH_SIZE];
    struct fb_sidecar_header *sidecar;
    struct fb_packer packer;
    void *workspace;
    /* Under the lock. */
    uint64_t trace_size;
    struct fb_slot *spare_slots[1024];
    uint32_t spare_count;
    _Atomic bool recording;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER};

void fb_sink_lock(void)
{
    pthread_mutex_lock(&sink.lock);
}

void fb_sink_unlock(void)
{
    pthread_mutex_unlock(&sink.lock);
}

bool fb_sink_is_recording(void)
{
    return atomic_load_explicit(&sink.recording, memory_order_relaxed);
}

static void stop_recording(int reason)
{
    atomic_store_explicit(&sink.recording, false, memory_order_relaxed);
    if (sink.sidecar != NULL)
        atomic_store_explicit(&sink.sidecar->stopped, (uint32_t)reason, memory_order_relaxed);
}

static int open_file(const char *path, int flags)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0644);
}

static void close_file(int file)
{
    syscall(SYS_close, file);
}

/* Beyond RLIMIT_FSIZE the kernel sends SIGXFSZ, which would end the recorded program. */
static bool exceeds_file_limit(uint64_t end)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
           end > limit.rlim_cur;
}

/* Write all or nothing; errno tells why not. */
static bool write_at(int file, const uint8_t *data, size_t size, uint64_t offset)
{
    size_t done = 0;
    if (exceeds_file_limit(offset + size)) {
        errno = EFBIG;
        return false;
    }
    while (done < size) {
        long wrote = syscall(SYS_pwrite64, file, data + done, size - done, offset + done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0) {
            int reason = wrote < 0 ? errno : ENOSPC;
            syscall(SYS_ftruncate, file, offset);
            errno = reason;
            return false;
        }
        done += (size_t)wrote;
    }
    return true;
}

/* Real blocks for a slot: a store into a hole of a full file system would be a SIGBUS. */
static bool reserve_blocks(int file, uint64_t offset, size_t size)
{
    static const uint8_t zeroes[4096];
    if (exceeds_file_limit(offset + size)) {
        errno = EFBIG;
        return false;
    }
    if (syscall(SYS_fallocate, file, 0, offset, size) == 0)
        return true;
    if (errno != EOPNOTSUPP && errno != ENOSYS)
        return false;
    for (size_t at = 0; at < size; at += sizeof zeroes)
        if (!write_at(file, zeroes, sizeof zeroes, offset + at))
            return false;
    return true;
}

static void *map_sidecar(int file, uint64_t offset, size_t size)
{
    long page = syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, offset);
    return page == -1 ? NULL : (void *)page;
}

/* When this process began, in clock ticks: field 22 of /proc/self/stat. */
static uint64_t read_start_time(void)
{
    char text[1024];
    int file = open_file("/proc/self/stat", O_RDONLY);
    if (file < 0)
        return 0;
    long size = syscall(SYS_read, file, text, sizeof text - 1);
    close_file(file);
    if (size <= 0)
        return 0;
    text[size] = '\0';
    char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

/* Tell the reader that the image which wrote the sidecar is gone, when it was this process. */
static void abandon_earlier_image(void)
{
    int file = open_file(sink.sidecar_path, O_RDWR);
    if (file < 0)
        return;
    struct fb_sidecar_header *header = map_sidecar(file, 0, FB_SIDECAR_HEADER_SIZE);
    if (header != NULL && header->pid == (uint32_t)getpid())
        atomic_store_explicit(&header->abandoned, 1, memory_order_relaxed);
    if (header != NULL)
        munmap(header, FB_SIDECAR_HEADER_SIZE);
    close_file(file);
}

/* app.ftr for the first process, app.ftr.PID for its children, app.ftr.PID.N after an exec. */
static int create_trace(const char *wish)
{
    for (int i = 0; i < SUFFIX_TRIES; i++) {
        if (i == 0)
            snprintf(sink.trace_path, sizeof sink.trace_path, "%s", wish);
        else if (i == 1)
            snprintf(sink.trace_path, sizeof sink.trace_path, "%s.%d", wish, (int)getpid());
        else
            snprintf(sink.trace_path, sizeof sink.trace_path, "%s.%d.%d", wish, (int)getpid(), i);
        snprintf(sink.sidecar_path, sizeof sink.sidecar_path, "%s" FB_SIDECAR_SUFFIX,
                 sink.trace_path);
        int file = open_file(sink.trace_path, O_WRONLY | O_CREAT | O_EXCL);
        if (file >= 0 || errno != EEXIST)
            return file;
        abandon_earlier_image();
    }
    return -1;
}

static size_t quote(char *out, size_t room, const char *text)
{
    size_t used = 0;
    for (; *text != '\0' && used + 3 < room; text++) {
        if (*text == '"' || *text == '\\')
            out[used++] = '\\';
        out[used++] = (unsigned char)*text < 0x20 ? '?' : *text;
    }
    out[used] = '\0';
    return used;
}

static bool write_header(int file)
{
    static char line[FB_TRACE_HEADER_MAX];
    static char program[PATH_MAX];
    static char raw[PATH_MAX];
    long length = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", raw, sizeof raw - 1);
    raw[length > 0 ? length : 0] = '\0';
    quote(program, sizeof program / 2, raw);
    static char parent[PATH_MAX];
    quote(parent, sizeof parent / 2, sink.parent_path);
    int size = snprintf(line, sizeof line,
                        "{\"format\":\"%s\",\"version\":%d,\"order\":\"%s\",\"shift\":%d,"
                        "\"pid\":%d,\"page_size\":%ld,\"forked_from\":\"%s\",\"program\":\"%s\"}\n",
                        FB_TRACE_FORMAT_NAME, FB_TRACE_VERSION, fb_stamp_order_name(),
                        FB_STAMP_SHIFT, (int)getpid(), sysconf(_SC_PAGESIZE), parent, program);
    sink.trace_size = (uint64_t)size;
    return write_at(file, (const uint8_t *)line, (size_t)size, 0);
}

static bool create_sidecar(void)
{
    int file = open_file(sink.sidecar_path, O_RDWR | O_CREAT | O_TRUNC);
    if (file < 0)
        return false;
    sink.sidecar = NULL;
    if (reserve_blocks(file, 0, FB_SIDECAR_HEADER_SIZE))
        sink.sidecar = map_sidecar(file, 0, FB_SIDECAR_HEADER_SIZE);
    int reason = errno;
    close_file(file);
    if (sink.sidecar == NULL) {
        unlink(sink.sidecar_path);
        errno = reason;
        return false;
    }
    memcpy(sink.sidecar->magic, FB_SIDECAR_MAGIC, sizeof sink.sidecar->magic);
    sink.sidecar->pid = (uint32_t)getpid();
    sink.sidecar->start_time = read_start_time();
    sink.sidecar->order = fb_stamp_current_order();
    return true;
}

static bool open_packer(void)
{
    size_t size = fb_packer_workspace_size();
    if (sink.workspace == NULL) {
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            return false;
        sink.workspace = memory;
    }
    return fb_packer_open(&sink.packer, sink.workspace) != 0;
}

static void complain(const char *path)
{
    char line[PATH_SIZE + 128];
    int size =
        snprintf(line, sizeof line, "fragbench: cannot record to %s: %s\n", path, strerror(errno));
    syscall(SYS_write, STDERR_FILENO, line, size);
}

bool fb_sink_open(void)
{
    const char *wish = getenv(FB_ENV_TRACE);
    if (wish == NULL || wish[0] == '\0')
        return false;
    fb_stamp_choose_order();
    int file = create_trace(wish);
    bool opened = file >= 0 && write_header(file) && create_sidecar() && open_packer();
    if (file >= 0)
        close_file(file);
    if (!opened)
        complain(sink.trace_path);
    atomic_store_explicit(&sink.recording, opened, memory_order_relaxed);
    return opened;
}

void fb_sink_forget(void)
{
    memcpy(sink.parent_path, sink.trace_path, sizeof sink.parent_path);
    if (sink.sidecar != NULL)
        munmap(sink.sidecar, FB_SIDECAR_HEADER_SIZE);
    sink.sidecar = NULL;
    sink.spare_count = 0;
    pthread_mutex_init(&sink.lock, NULL);
}

static struct fb_slot *new_slot(void)
{
    uint32_t index = atomic_load_explicit(&sink.sidecar->slots, memory_order_relaxed);
    uint64_t offset = FB_SIDECAR_HEADER_SIZE + (uint64_t)index * FB_SLOT_SIZE;
    struct fb_slot *slot = NULL;
    int file = open_file(sink.sidecar_path, O_RDWR);
    if (file >= 0 && reserve_blocks(file, offset, FB_SLOT_SIZE))
        slot = map_sidecar(file, offset, FB_SLOT_SIZE);
    int reason = errno;
    if (file >= 0)
        close_file(file);
    if (slot == NULL)
        stop_recording(reason);
    else
        atomic_store_explicit(&sink.sidecar->slots, index + 1, memory_order_release);
    return slot;
}

struct fb_slot *fb_sink_take_slot(uint32_t thread)
{
    struct fb_slot *slot = NULL;
    fb_sink_lock();
    if (fb_sink_is_recording())
        slot = sink.spare_count > 0 ? sink.spare_slots[--sink.spare_count] : new_slot();
    fb_sink_unlock();
    if (slot != NULL) {
        atomic_store_explicit(&slot->ops, 0, memory_order_relaxed);
        slot->thread = thread;
        slot->sequence = 0;
    }
    return slot;
}

void fb_sink_give_slot(struct fb_slot *slot)
{
    const size_t room = sizeof sink.spare_slots / sizeof sink.spare_slots[0];
    fb_sink_lock();
    if (sink.spare_count < room)
        sink.spare_slots[sink.spare_count++] = slot;
    else
        munmap(slot, FB_SLOT_SIZE);
    fb_sink_unlock();
}

void fb_sink_flush(struct fb_slot *slot)
{
    fb_sink_lock();
    if (fb_sink_is_recording() && slot->used[FB_COLUMN_OP] > 0) {
        size_t size = fb_packer_pack_slot(&sink.packer, slot);
        int file = open_file(sink.trace_path, O_WRONLY);
        bool written =
            size > 0 && file >= 0 && write_at(file, sink.packer.output, size, sink.trace_size);
        int reason = errno;
        if (file >= 0)
            close_file(file);
        if (written)
            sink.trace_size += size;
        else
            stop_recording(reason);
    }
    /* After a failure the slot keeps its operations: `finish` may find room for them. */
    if (fb_sink_is_recording()) {
        atomic_store_explicit(&slot->ops, 0, memory_order_release);
        slot->sequence++;
    }
    fb_sink_unlock();
}
