/* SPDX-License-Identifier: MIT
 *
 * crime.h - what the crimes of this folder share. A crime is a program of some fifteen lines whose
 * file name says what it does wrong. Its first comments tell run.sh what to look for:
 *
 *     // expects: PHRASE[|PHRASE]   what libmalloc calls it; "nothing" for an innocent program
 *     // in: FUNCTION               where it is found if every call is checked; "free" if absent
 *     // modes: CONF...             the values of LIBMALLOC_CONF to run with; both if absent
 *     // by: libc                   the line comes from the allocator behind us, in its own words
 */
#ifndef LM_CRIME_H
#define LM_CRIME_H

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);

/* The compiler may not see through a crime. */
__attribute__((unused)) static void *crime_hide(void *pointer)
{
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

__attribute__((unused)) static void *crime_block(size_t size)
{
    return crime_hide(malloc(size));
}

/* Announces the pointer that the crime is about, on standard output. */
__attribute__((unused)) static void crime_commit(const void *pointer)
{
    char line[32];
    int size = snprintf(line, sizeof line, "%p\n", pointer);

    if (write(STDOUT_FILENO, line, (size_t)size) != size)
        _exit(99);
}

/* Traffic of the crime's size, so that what waits in a thread's magazine comes to the slabs, where
 * it is checked. */
__attribute__((unused)) static void crime_settle(size_t size)
{
    static void *blocks[4096];

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 4096; i++)
            blocks[i] = crime_block(size);
        for (size_t i = 0; i < 4096; i++)
            free(blocks[i]);
    }
}

__attribute__((unused)) static void crime_thread(void *(*body)(void *), void *argument)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, body, argument) != 0 || pthread_join(thread, NULL) != 0)
        _exit(98);
}

/* main's part of crimes of a thread that has taken little: its blocks lie in slabs that it shares, and
 * the first thread, whose never do, has one of the size. */
__attribute__((unused)) static int crime_of_a_cold_thread(void *(*body)(void *))
{
    void *neighbour = crime_block(64);

    crime_thread(body, neighbour);
    free(neighbour);
    return 0;
}

#endif
