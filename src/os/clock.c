/* SPDX-License-Identifier: MIT
 *
 * os/clock.c - the clocks, read by the function that the kernel maps into each process (vDSO).
 *
 * Not by libc's clock_gettime: a program or a preloaded library may have one of its own, and one that allocates
 * (libfaketime's does) would come back to a heap whose lock is held.
 */
#include "os/os.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>

typedef int clock_function(clockid_t, struct timespec *);

#if defined(__aarch64__)
static char name_in_kernel[] LM_NEAR = "__kernel_clock_gettime";
#else
static char name_in_kernel[] LM_NEAR = "__vdso_clock_gettime";
#endif

/* [c] after start; NULL: there is none, ask by a system call */
static clock_function *kernel_clock;

/* What is needed of the image's dynamic section. Its addresses are offsets, as nobody relocated it. */
struct image {
    uintptr_t bias;
    const ElfW(Sym) * symbols;
    const char *strings;
    const ElfW(Word) * hash;
};

static void read_dynamic(struct image *image, const ElfW(Dyn) * entry)
{
    for (; entry->d_tag != DT_NULL; entry++) {
        uintptr_t at = image->bias + entry->d_un.d_ptr;
        if (entry->d_tag == DT_SYMTAB)
            image->symbols = (const void *)at; // NOLINT
        else if (entry->d_tag == DT_STRTAB)
            image->strings = (const void *)at; // NOLINT
        else if (entry->d_tag == DT_HASH)
            image->hash = (const void *)at; // NOLINT
    }
}

static bool read_image(struct image *image, uintptr_t base)
{
    const ElfW(Ehdr) *header = (const void *)base;                      // NOLINT
    const ElfW(Phdr) *segment = (const void *)(base + header->e_phoff); // NOLINT
    const ElfW(Phdr) *dynamic = NULL;
    bool is_loaded = false;
    for (unsigned i = 0; i < header->e_phnum; i++, segment++) {
        if (segment->p_type == PT_DYNAMIC)
            dynamic = segment;
        if (segment->p_type == PT_LOAD && !is_loaded) {
            image->bias = base + segment->p_offset - segment->p_vaddr;
            is_loaded = true;
        }
    }
    if (!is_loaded || dynamic == NULL)
        return false;
    read_dynamic(image, (const void *)(base + dynamic->p_offset)); // NOLINT
    return image->symbols != NULL && image->strings != NULL && image->hash != NULL;
}

void lm_os_find_clock(void)
{
    struct image image = {0};
    int saved = errno;
    uintptr_t base = getauxval(AT_SYSINFO_EHDR);
    errno = saved;
    if (base == 0 || !read_image(&image, base))
        return;
    /* The second word of the hash table is the number of symbols. */
    for (unsigned i = 0; i < image.hash[1]; i++) {
        const ElfW(Sym) *symbol = &image.symbols[i];
        if (symbol->st_shndx == SHN_UNDEF ||
            strcmp(image.strings + symbol->st_name, name_in_kernel) != 0)
            continue;
        kernel_clock = (clock_function *)(image.bias + symbol->st_value); // NOLINT
        return;
    }
}

static struct timespec read_clock(clockid_t clock)
{
    struct timespec now = {0, 0};
    if (lm_likely(kernel_clock != NULL) && kernel_clock(clock, &now) == 0)
        return now;
    lm_os_call(SYS_clock_gettime, clock, (long)&now, 0, 0, 0);
    return now;
}

static uint64_t microseconds(clockid_t clock)
{
    struct timespec now = read_clock(clock);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t lm_os_clock_ms(void)
{
    struct timespec now = read_clock(CLOCK_MONOTONIC_COARSE);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t lm_os_clock_us(void)
{
    return microseconds(CLOCK_MONOTONIC);
}

uint64_t lm_os_thread_us(void)
{
    return microseconds(CLOCK_THREAD_CPUTIME_ID);
}
