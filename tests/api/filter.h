/* SPDX-License-Identifier: MIT
 *
 * filter.h - seccomp filters for the tests of the doors, and the system calls that the design allows
 * itself after start (doc/conformance.md). A filter is
 *
 *     struct sock_filter rules[] = {FILTER_BEGIN, FILTER_DESIGN, FILTER_ALLOW(write), FILTER_END(action)};
 */
#ifndef LM_FILTER_H
#define LM_FILTER_H

#include "../tap.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* The kernel may be newer than its headers. */
#ifndef __NR_clone3
#define __NR_clone3 435
#endif

/* clang-format off */
#define FILTER_BEGIN BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define FILTER_AT(number, action)                                                                  \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, (action))
/* Not one by the other: pread64, say, may be a macro. */
#define FILTER_RULE(name, action) FILTER_AT(__NR_##name, (action))
#define FILTER_ALLOW(name) FILTER_AT(__NR_##name, SECCOMP_RET_ALLOW)
#define FILTER_END(action) BPF_STMT(BPF_RET | BPF_K, (action))
/* The last one is the kernel's own way to go on with a futex or a sleep after SIGSTOP and SIGCONT. */
#define FILTER_DESIGN                                                                              \
    FILTER_ALLOW(mmap), FILTER_ALLOW(munmap), FILTER_ALLOW(mremap), FILTER_ALLOW(mprotect),        \
    FILTER_ALLOW(madvise), FILTER_ALLOW(futex), FILTER_ALLOW(getrandom),                           \
    FILTER_ALLOW(clock_gettime), FILTER_ALLOW(restart_syscall)
/* clang-format on */

/* For all threads, from now on. */
static TAP_UNUSED bool filter_install(struct sock_filter *rules, size_t count)
{
    struct sock_fprog program = {.len = (unsigned short)count, .filter = rules};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

#endif
