/* SPDX-License-Identifier: MIT
 *
 * A signal handler forks in the middle of a heap's birth or parking, and the child returns from it and
 * goes on. The handler comes after every instruction, by the processor's trace flag, and forks after each
 * seventh of them.
 */
#include "unit.h"

#include "heap/registry.h"

#include <signal.h>
#include <ucontext.h>

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)

enum { STRIDE = 7, HEAPS = 12, TRACE_FLAG = 0x100 };

static uint64_t seed;

/* In the process that steps: instructions so far, forks, and children that found something wrong. */
static volatile long steps;
static volatile long forks;
static volatile long failed;
static volatile bool is_child;

static void on_step(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    if (++steps % STRIDE != (long)(seed % STRIDE))
        return;
    pid_t pid = fork();
    if (pid == 0) {
        is_child = true;
        ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRACE_FLAG;
        return;
    }
    int status = 0;
    forks++;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0)
        failed++;
}

/* Around the red zone. */
static void trace(bool is_wanted)
{
    if (is_wanted)
        __asm__ volatile(
            "lea -128(%%rsp), %%rsp; pushfq; orq $0x100, (%%rsp); popfq; lea 128(%%rsp), %%rsp"
            :
            :
            : "memory", "cc");
    else
        __asm__ volatile(
            "lea -128(%%rsp), %%rsp; pushfq; andq $~0x100, (%%rsp); popfq; lea 128(%%rsp), %%rsp"
            :
            :
            : "memory", "cc");
}

/* Takes them all: the parked ones, then new ones. */
static bool no_heap_comes_twice(void)
{
    struct lm_heap *heaps[HEAPS];
    for (int i = 0; i < HEAPS; i++) {
        heaps[i] = lm_heap_borrow();
        UNIT_CHECK(heaps[i] != NULL && heaps[i] != lm_thread.heap);
        for (int before = 0; before < i; before++)
            UNIT_CHECK(heaps[i] != heaps[before]);
    }
    return true;
}

/* A child checks and is gone; the process that stepped comes back. */
static bool survives(void (*work)(void))
{
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
    UNIT_CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
    trace(true);
    work();
    trace(false);
    if (is_child)
        _exit(no_heap_comes_twice() ? 0 : 1);
    UNIT_CHECK_THAT(failed == 0, "%ld of %ld children", failed, forks);
    UNIT_CHECK(forks > 10 && no_heap_comes_twice());
    return true;
}

static void be_born(void)
{
    lm_heap_birth();
}

/* As at a thread's exit. */
static void leave(void)
{
    lm_heap_leave(lm_thread.heap);
}

static void borrow_and_park(void)
{
    lm_heap_park(lm_heap_borrow());
}

/* Two parked heaps, and none for this thread. */
static void park_two(void)
{
    struct lm_heap *first = lm_heap_borrow();
    struct lm_heap *second = lm_heap_borrow();
    lm_heap_park(first);
    lm_heap_park(second);
}

static bool a_birth_with_a_new_heap(void)
{
    return survives(be_born);
}

static bool a_birth_with_a_parked_heap(void)
{
    park_two();
    return survives(be_born);
}

static bool a_thread_that_leaves(void)
{
    park_two();
    UNIT_CHECK(lm_heap_birth() != NULL);
    return survives(leave);
}

static bool a_borrowed_heap(void)
{
    park_two();
    return survives(borrow_and_park);
}

int main(void)
{
    seed = tap_seed();
    unit_start();
    UNIT_TRUTH_IN_CHILD(a_birth_with_a_new_heap);
    UNIT_TRUTH_IN_CHILD(a_birth_with_a_parked_heap);
    UNIT_TRUTH_IN_CHILD(a_thread_that_leaves);
    UNIT_TRUTH_IN_CHILD(a_borrowed_heap);
    return tap_done();
}

#else

int main(void)
{
    printf("1..0 # SKIP no trace flag\n");
    return 0;
}

#endif
