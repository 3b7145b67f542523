/* SPDX-License-Identifier: MIT
 *
 * space/granules.h - huge pages for the units of a large heap that grows, one granule at a time, and for blocks
 * that grow.
 *
 * A granule is what one huge page backs. Units are taken lowest first, so a heap grows granule by
 * granule. From a size on, where a granule too many is little, the first slab that reaches a new one asks
 * for a huge page, touches it, and takes the wish back: the page stays, but what is purged of it later
 * comes back by small pages, and the kernel does not fill holes up again by itself.
 */
#ifndef LM_SPACE_GRANULES_H
#define LM_SPACE_GRANULES_H

#include "space/window.h"

/* Units [first, first + count) were taken for somebody who will use them all soon. Result: the first unit
 * of the granule that is entered with them and shall be one huge page, LM_NO_GRANULE if none. Space lock. */
#define LM_NO_GRANULE SIZE_MAX
size_t lm_granules_enter(size_t first, size_t count);
/* Without locks. `first` is the caller's own and the granule's, or in front of it. */
void lm_granules_ask(size_t granule, size_t first);

/* Asks for huge pages in [start, end), whole granules of a block that will be written from there on. The first of
 * them is touched: if that takes long, the others do without, and all that are asked for in the next second. */
void lm_granules_want(char *start, char *end);

#endif
