/* SPDX-License-Identifier: MIT
 * The table of live addresses; see livemap.h. Linear probing, deletion by shifting back. */
#include "trace/livemap.h"

#include "base/quiet.h"

enum { FIRST_CAPACITY = 1 << 14 };

void fb_livemap_open(struct fb_livemap *map)
{
    *map = (struct fb_livemap){.capacity = FIRST_CAPACITY};
    map->entries = fb_quiet_reserve("live map", map->capacity * sizeof *map->entries);
}

void fb_livemap_close(struct fb_livemap *map)
{
    fb_quiet_unmap(map->entries, map->capacity * sizeof *map->entries);
}

static size_t home_of(const struct fb_livemap *map, uint64_t address)
{
    uint64_t hash = (address >> 3) * 0x9e3779b97f4a7c15u;
    return (size_t)(hash >> 20) & (map->capacity - 1);
}

static size_t place_of(const struct fb_livemap *map, uint64_t address)
{
    size_t at = home_of(map, address);
    while (map->entries[at].address != 0 && map->entries[at].address != address)
        at = (at + 1) & (map->capacity - 1);
    return at;
}

uint32_t fb_livemap_find(const struct fb_livemap *map, uint64_t address)
{
    const struct fb_livemap_entry *entry = &map->entries[place_of(map, address)];
    return entry->address == 0 ? FB_BLOCK_NONE : entry->block;
}

static void grow(struct fb_livemap *map)
{
    struct fb_livemap old = *map;
    map->capacity = old.capacity * 2;
    map->entries = fb_quiet_reserve("live map", map->capacity * sizeof *map->entries);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.entries[i].address != 0)
            map->entries[place_of(map, old.entries[i].address)] = old.entries[i];
    fb_livemap_close(&old);
}

void fb_livemap_add(struct fb_livemap *map, uint64_t address, uint32_t block)
{
    if ((map->count + 1) * 4 > map->capacity * 3)
        grow(map);
    map->entries[place_of(map, address)] =
        (struct fb_livemap_entry){.address = address, .block = block};
    map->count++;
}

uint32_t fb_livemap_take(struct fb_livemap *map, uint64_t address)
{
    size_t hole = place_of(map, address);
    if (map->entries[hole].address == 0)
        return FB_BLOCK_NONE;
    uint32_t block = map->entries[hole].block;
    size_t mask = map->capacity - 1;
    for (size_t at = (hole + 1) & mask; map->entries[at].address != 0; at = (at + 1) & mask) {
        size_t home = home_of(map, map->entries[at].address);
        /* An entry may fill the hole when its home is not between the hole and itself. */
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->entries[hole] = map->entries[at];
            hole = at;
        }
    }
    map->entries[hole].address = 0;
    map->count--;
    return block;
}
