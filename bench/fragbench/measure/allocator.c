/* SPDX-License-Identifier: MIT
 * allocator.c: which allocator serves this process; see allocator.h.
 */
#include "measure/allocator.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not a function pointer in the type system of dlsym(), hence the union. */
union entry {
    void *object;
    size_t (*usable)(void *);
    int (*trim)(size_t);
    void (*collect)(bool);
    void (*release)(void);
    int (*mallctl)(const char *, void *, size_t *, void *, size_t);
    int (*version)(void);
    const char *(*tc_version)(int *, int *, const char **);
    int (*tbb_command)(int, void *);
};

static struct {
    struct fb_allocator facts;
    bool known;
    void *base; /* of the object that malloc() lies in */
    union entry usable, trim, collect, release, mallctl, tbb_command;
} self;

static union entry find_in(const char *name, const void *base)
{
    union entry entry = {dlsym(RTLD_DEFAULT, name)};
    Dl_info info;
    if (entry.object == NULL || dladdr(entry.object, &info) == 0 || info.dli_fbase != base)
        entry.object = NULL;
    return entry;
}

static void find_version(struct fb_allocator *facts)
{
    union entry entry;
    size_t size = sizeof facts->version;
    if ((entry = find_in("gnu_get_libc_version", self.base)).object != NULL) {
        snprintf(facts->version, size, "glibc %s", gnu_get_libc_version());
    } else if (self.mallctl.object != NULL) {
        const char *text = "";
        size_t length = sizeof text;
        if (self.mallctl.mallctl("version", (void *)&text, &length, NULL, 0) == 0)
            snprintf(facts->version, size, "jemalloc %s", text);
    } else if ((entry = find_in("mi_version", self.base)).object != NULL) {
        int v = entry.version();
        snprintf(facts->version, size, "mimalloc %d.%d.%d", v / 100, v / 10 % 10, v % 10);
    } else if ((entry = find_in("tc_version", self.base)).object != NULL) {
        int major = 0, minor = 0;
        const char *patch = "";
        entry.tc_version(&major, &minor, &patch);
        snprintf(facts->version, size, "tcmalloc (gperftools) %d.%d%s", major, minor, patch);
    }
}

static void find_trim(struct fb_allocator *facts)
{
    const void *base = self.base;
    self.trim = find_in("malloc_trim", base);
    self.mallctl = find_in("mallctl", base);
    self.collect = find_in("mi_collect", base);
    self.release = find_in("MallocExtension_ReleaseFreeMemory", base);
    if (self.trim.object != NULL)
        facts->trim_name = "malloc_trim";
    else if (self.mallctl.object != NULL)
        facts->trim_name = "mallctl arena.purge";
    else if (self.collect.object != NULL)
        facts->trim_name = "mi_collect";
    else if (self.release.object != NULL)
        facts->trim_name = "MallocExtension_ReleaseFreeMemory";
    else
        facts->trim_name = "";
}

const struct fb_allocator *fb_allocator(void)
{
    if (self.known)
        return &self.facts;
    self.known = true;
    union entry allocate = {dlsym(RTLD_DEFAULT, "malloc")};
    Dl_info info;
    if (dladdr(allocate.object, &info) != 0) {
        self.base = info.dli_fbase;
        /* The main program's dli_fname may be relative; that is as good as it gets. */
        if (realpath(info.dli_fname, self.facts.path) == NULL)
            snprintf(self.facts.path, sizeof self.facts.path, "%s", info.dli_fname);
    }
    self.usable = find_in("malloc_usable_size", self.base);
    find_trim(&self.facts);
    find_version(&self.facts);
    fb_build_id(self.facts.path, self.facts.build_id, sizeof self.facts.build_id);
    return &self.facts;
}

size_t fb_usable_size(void *block, size_t requested)
{
    fb_allocator();
    return self.usable.object != NULL ? self.usable.usable(block) : requested;
}

/* jemalloc's name for "all arenas" is 4096. */
static bool jemalloc_purge(void)
{
    self.mallctl.mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
    return self.mallctl.mallctl("arena.4096.purge", NULL, NULL, NULL, 0) == 0;
}

bool fb_allocator_trim(void)
{
    fb_allocator();
    if (self.trim.object != NULL) {
        self.trim.trim(0);
        return true;
    }
    if (self.mallctl.object != NULL)
        return jemalloc_purge();
    if (self.collect.object != NULL)
        self.collect.collect(true);
    else if (self.release.object != NULL)
        self.release.release();
    return self.facts.trim_name[0] != '\0';
}

/* Walks one PT_NOTE segment; true when the build-id was in it. */
static bool note_find(const char *notes, size_t size, char *out, size_t out_size)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, notes, sizeof note);
        size_t name_size = (note.n_namesz + 3u) & ~(size_t)3;
        size_t data_size = (note.n_descsz + 3u) & ~(size_t)3;
        size_t all = sizeof note + name_size + data_size;
        if (all > size)
            return false;
        const unsigned char *data = (const unsigned char *)notes + sizeof note + name_size;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4) {
            for (size_t i = 0; i < note.n_descsz && 2 * i + 3 <= out_size; i++)
                snprintf(out + 2 * i, 3, "%02x", data[i]);
            return true;
        }
        notes += all;
        size -= all;
    }
    return false;
}

static void build_id_in(const char *file, size_t size, char *out, size_t out_size)
{
    ElfW(Ehdr) header;
    if (size < sizeof header || memcmp(file, ELFMAG, SELFMAG) != 0)
        return;
    memcpy(&header, file, sizeof header);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) segment;
        size_t at = header.e_phoff + i * sizeof segment;
        if (at + sizeof segment > size)
            return;
        memcpy(&segment, file + at, sizeof segment);
        if (segment.p_type != PT_NOTE || segment.p_offset > size ||
            segment.p_filesz > size - segment.p_offset)
            continue;
        if (note_find(file + segment.p_offset, segment.p_filesz, out, out_size))
            return;
    }
}

void fb_build_id(const char *path, char *out, size_t out_size)
{
    out[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0 && status.st_size > 0) {
        size_t size = (size_t)status.st_size;
        void *file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (file != MAP_FAILED) {
            build_id_in(file, size, out, out_size);
            munmap(file, size);
        }
    }
    close(fd);
}
