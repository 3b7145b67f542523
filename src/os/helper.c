/* SPDX-License-Identifier: MIT
 *
 * os/helper.c - see os/helper.h.
 */
#include "os/helper.h"

#include "base/tuning.h"
#include "os/os.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

_Atomic(uint32_t) lm_helper_state;

static void (*helper_body)(void);

static void *run(void *unused)
{
    lm_os_name_thread("libmalloc");
    helper_body();
    return unused;
}

static bool create(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    bool is_made = pthread_attr_setstacksize(&attributes, LM_HELPER_STACK) == 0 &&
                   pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_create(&thread, &attributes, run, NULL) == 0;
    pthread_attr_destroy(&attributes);
    return is_made;
}

/* The thread inherits the mask: a signal meant for the program must not be taken by a thread that
 * the program does not know. */
bool lm_helper_start(void (*body)(void))
{
    int saved = errno;
    sigset_t all;
    sigset_t before;
    helper_body = body;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool is_made = create();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return is_made;
}

void lm_helper_lie_down(void)
{
    /* Ordered before what is looked at from here on. */
    store_ordered(&lm_helper_state, LM_HELPER_ASLEEP);
}

void lm_helper_sleep(void)
{
    /* partner: the exchange in lm_helper_rouse */
    while (load_acquire(&lm_helper_state) == LM_HELPER_ASLEEP)
        lm_os_wait(&lm_helper_state, LM_HELPER_ASLEEP);
}

void lm_helper_get_up(void)
{
    store_relaxed(&lm_helper_state, LM_HELPER_AWAKE);
}

void lm_helper_pause(size_t milliseconds)
{
    store_ordered(&lm_helper_state, LM_HELPER_PAUSING);
    lm_os_wait_for(&lm_helper_state, LM_HELPER_PAUSING, milliseconds);
    store_relaxed(&lm_helper_state, LM_HELPER_AWAKE);
}

LM_COLD void lm_helper_rouse(void)
{
    if (load_relaxed(&lm_helper_state) == LM_HELPER_AWAKE)
        return;
    /* partner: the load in lm_helper_sleep */
    if (exchange_acq_rel(&lm_helper_state, LM_HELPER_AWAKE) != LM_HELPER_AWAKE)
        lm_os_wake_one(&lm_helper_state);
}

void lm_helper_after_fork(void)
{
    store_relaxed(&lm_helper_state, LM_HELPER_AWAKE);
}
