/* SPDX-License-Identifier: MIT
 *
 * os/limits.h - how much memory the process may use, as far as the system tells. Start-up only: later
 * no file is opened.
 */
#ifndef LM_OS_LIMITS_H
#define LM_OS_LIMITS_H

#include "base/compiler.h"

/* All in bytes, SIZE_MAX if there is none. */

/* RLIMIT_AS: address space. */
size_t lm_os_address_limit(void);

/* RLIMIT_DATA: private memory that can be written to. */
size_t lm_os_data_limit(void);

/* The limit of the process's memory control group, version 1 or 2; not those of the groups above it.
 * `process` is /proc/self/cgroup and `root` /sys/fs/cgroup, except in tests. */
size_t lm_os_cgroup_limit(const char *process, const char *root);

#endif
