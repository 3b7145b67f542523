/* SPDX-License-Identifier: MIT
 *
 * A plugin for plugins.c: depends on libc alone and allocates for its host.
 */
#include <stdlib.h>

void *plugin_take(size_t size);
void plugin_give(void *block);

void *plugin_take(size_t size)
{
    return malloc(size);
}

void plugin_give(void *block)
{
    free(block);
}
