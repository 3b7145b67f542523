/* SPDX-License-Identifier: MIT
 * Finishing a trace; see finish.h. There is no other end to a recording: exit, exec, a signal and
 * kill -9 all leave the sidecar behind, and this moves it in. */
#include "trace/finish.h"

#include "base/die.h"
#include "base/quiet.h"
#include "trace/chunk.h"
#include "trace/reader.h"
#include "trace/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t read_start_time(uint32_t pid)
{
    char path[64];
    char text[1024];
    snprintf(path, sizeof path, "/proc/%u/stat", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    text[size > 0 ? size : 0] = '\0';
    char *at = strrchr(text, ')');
    /* A zombie has ended; only its parent does not know yet. */
    if (at == NULL || at[2] == 'Z' || at[2] == 'X')
        return 0;
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

static bool is_alive(const struct fb_sidecar_header *header)
{
    if (atomic_load_explicit(&header->abandoned, memory_order_relaxed) != 0)
        return false;
    uint64_t start_time = read_start_time(header->pid);
    return start_time != 0 && start_time == header->start_time;
}

/* Where the sound chunks end; a chunk cut in the middle of its writing is behind that. */
static bool find_sound_end(int file, uint64_t *end)
{
    struct stat status;
    struct fb_chunk_header header;
    if (fstat(file, &status) != 0 || status.st_size == 0)
        return false;
    uint64_t size = (uint64_t)status.st_size;
    uint8_t *bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED)
        return false;
    uint64_t room = size < FB_TRACE_HEADER_MAX ? size : FB_TRACE_HEADER_MAX;
    const uint8_t *newline = memchr(bytes, '\n', (size_t)room);
    uint64_t at = newline == NULL ? size : (uint64_t)(newline - bytes) + 1;
    *end = at;
    while (at < size) {
        at = fb_reader_next_chunk(bytes, size, at, &header);
        if (at < size) {
            at += sizeof header + header.stored_size;
            *end = at;
        }
    }
    munmap(bytes, (size_t)size);
    return newline != NULL;
}

static bool append(int file, uint64_t *end, const void *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t wrote =
            pwrite(file, (const uint8_t *)data + done, size - done, (off_t)(*end + done));
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        done += (size_t)wrote;
    }
    *end += size;
    return true;
}

static bool move_slots(int file, uint64_t end, const uint8_t *sidecar, uint64_t sidecar_size)
{
    const struct fb_sidecar_header *header = (const void *)sidecar;
    size_t workspace_size = fb_packer_workspace_size();
    void *workspace = fb_quiet_map("packer", workspace_size);
    struct fb_packer packer;
    bool moved = fb_packer_open(&packer, workspace) != 0;
    uint32_t slots = atomic_load_explicit(&header->slots, memory_order_acquire);
    for (uint32_t i = 0; moved && i < slots; i++) {
        uint64_t offset = FB_SIDECAR_HEADER_SIZE + (uint64_t)i * FB_SLOT_SIZE;
        const struct fb_slot *slot = (const void *)(sidecar + offset);
        if (offset + FB_SLOT_SIZE > sidecar_size)
            break;
        if (atomic_load_explicit(&slot->ops, memory_order_acquire) == 0)
            continue;
        size_t size = fb_packer_pack_slot(&packer, slot);
        if (size == 0)
            fb_warn("slot %u of the recording makes no sense and is left out", i);
        else
            moved = append(file, &end, packer.output, size);
    }
    bool has_time = header->order != FB_ORDER_GLOBAL;
    fb_stamp_use_order((enum fb_order)header->order);
    uint32_t stopped = atomic_load_explicit(&header->stopped, memory_order_relaxed);
    size_t size = fb_packer_pack_end(&packer, stopped, has_time ? fb_stamp_now() : 0,
                                     has_time ? fb_monotonic_ns() : 0);
    moved = moved && append(file, &end, packer.output, size);
    int reason = errno;
    if (ftruncate(file, (off_t)end) != 0)
        moved = false;
    errno = reason;
    fb_quiet_unmap(workspace, workspace_size);
    return moved;
}

static enum fb_finish finish_from(const char *path, const uint8_t *sidecar, uint64_t sidecar_size)
{
    uint64_t end;
    const struct fb_sidecar_header *header = (const void *)sidecar;
    if (is_alive(header))
        return FB_FINISH_LIVE;
    uint32_t stopped = atomic_load_explicit(&header->stopped, memory_order_relaxed);
    if (stopped != 0)
        fb_warn("%s: recording had stopped early: %s", path, strerror((int)stopped));
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0 || !find_sound_end(file, &end) || !move_slots(file, end, sidecar, sidecar_size)) {
        fb_warn("%s: the last operations stay in %s" FB_SIDECAR_SUFFIX " (%s); make room, then "
                "fragbench info moves them in",
                path, path, strerror(errno));
        if (file >= 0)
            close(file);
        return FB_FINISH_FAILED;
    }
    close(file);
    return FB_FINISH_DONE;
}

enum fb_finish fb_trace_finish(const char *path)
{
    char sidecar_path[PATH_MAX + 64];
    struct stat status;
    enum fb_finish result = FB_FINISH_NOTHING;
    snprintf(sidecar_path, sizeof sidecar_path, "%s" FB_SIDECAR_SUFFIX, path);
    int file = open(sidecar_path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return FB_FINISH_NOTHING;
    if (fstat(file, &status) == 0 && status.st_size >= FB_SIDECAR_HEADER_SIZE) {
        uint64_t size = (uint64_t)status.st_size;
        uint8_t *bytes = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (bytes != MAP_FAILED && memcmp(bytes, FB_SIDECAR_MAGIC, strlen(FB_SIDECAR_MAGIC)) == 0)
            result = finish_from(path, bytes, size);
        if (bytes != MAP_FAILED)
            munmap(bytes, (size_t)size);
    }
    close(file);
    if (result == FB_FINISH_DONE)
        unlink(sidecar_path);
    return result;
}
