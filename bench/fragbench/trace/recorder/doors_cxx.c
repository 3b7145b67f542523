/* SPDX-License-Identifier: MIT
 * The C++ doors of the recorder: new and delete come through malloc and free here, whatever the
 * allocator below does with its own. Where malloc fails, the next operator new has its say
 * (new handler, bad_alloc). Needs -fexceptions, for that one throws through these frames. */
#include "trace/recorder/recorder.h"

#include <dlfcn.h>
#include <stdlib.h>

void *memalign(size_t alignment, size_t size);

static void *next_door(const char *symbol)
{
    void *function = dlsym(RTLD_NEXT, symbol);
    if (function == NULL)
        abort();
    return function;
}

/* One door: its C name here, its mangled name, its parameters, the same as arguments. */
#define NEW_DOOR(name, symbol, allocation, parameters, arguments)                                  \
    void *name parameters __asm__(symbol);                                                         \
    void *name parameters                                                                          \
    {                                                                                              \
        typedef void *door parameters;                                                             \
        void *block = allocation;                                                                  \
        return block != NULL ? block : ((door *)next_door(symbol))arguments;                       \
    }

#define DELETE_DOOR(name, symbol, parameters)                                                      \
    void name parameters __asm__(symbol);                                                          \
    void name parameters                                                                           \
    {                                                                                              \
        free(block);                                                                               \
    }

/* clang-format off */
NEW_DOOR(new_one, "_Znwm", malloc(size), (size_t size), (size))
NEW_DOOR(new_array, "_Znam", malloc(size), (size_t size), (size))
NEW_DOOR(new_one_tagged, "_ZnwmRKSt9nothrow_t", malloc(size),
         (size_t size, const void *tag), (size, tag))
NEW_DOOR(new_array_tagged, "_ZnamRKSt9nothrow_t", malloc(size),
         (size_t size, const void *tag), (size, tag))
NEW_DOOR(new_one_aligned, "_ZnwmSt11align_val_t", memalign(align, size),
         (size_t size, size_t align), (size, align))
NEW_DOOR(new_array_aligned, "_ZnamSt11align_val_t", memalign(align, size),
         (size_t size, size_t align), (size, align))
NEW_DOOR(new_one_aligned_tagged, "_ZnwmSt11align_val_tRKSt9nothrow_t", memalign(align, size),
         (size_t size, size_t align, const void *tag), (size, align, tag))
NEW_DOOR(new_array_aligned_tagged, "_ZnamSt11align_val_tRKSt9nothrow_t", memalign(align, size),
         (size_t size, size_t align, const void *tag), (size, align, tag))

DELETE_DOOR(delete_one, "_ZdlPv", (void *block))
DELETE_DOOR(delete_array, "_ZdaPv", (void *block))
#define IGNORED __attribute__((unused))
DELETE_DOOR(delete_one_sized, "_ZdlPvm", (void *block, IGNORED size_t size))
DELETE_DOOR(delete_array_sized, "_ZdaPvm", (void *block, IGNORED size_t size))
DELETE_DOOR(delete_one_tagged, "_ZdlPvRKSt9nothrow_t", (void *block, IGNORED const void *tag))
DELETE_DOOR(delete_array_tagged, "_ZdaPvRKSt9nothrow_t", (void *block, IGNORED const void *tag))
DELETE_DOOR(delete_one_aligned, "_ZdlPvSt11align_val_t", (void *block, IGNORED size_t align))
DELETE_DOOR(delete_array_aligned, "_ZdaPvSt11align_val_t", (void *block, IGNORED size_t align))
DELETE_DOOR(delete_one_sized_aligned, "_ZdlPvmSt11align_val_t",
            (void *block, IGNORED size_t size, IGNORED size_t align))
DELETE_DOOR(delete_array_sized_aligned, "_ZdaPvmSt11align_val_t",
            (void *block, IGNORED size_t size, IGNORED size_t align))
DELETE_DOOR(delete_one_aligned_tagged, "_ZdlPvSt11align_val_tRKSt9nothrow_t",
            (void *block, IGNORED size_t align, IGNORED const void *tag))
DELETE_DOOR(delete_array_aligned_tagged, "_ZdaPvSt11align_val_tRKSt9nothrow_t",
            (void *block, IGNORED size_t align, IGNORED const void *tag))
/* clang-format on */
