/* SPDX-License-Identifier: MIT
 *
 * observe/options.h - reads LIBMALLOC_CONF="name:value,name:value" into lm_options.
 */
#ifndef LM_OBSERVE_OPTIONS_H
#define LM_OBSERVE_OPTIONS_H

#include "base/options.h"

/* Once, before the core starts; allocates nothing. text may be NULL. What cannot be understood
 * prints one line and leaves the default. */
void lm_options_read(const char *text);

#endif
