#!/bin/bash
# SPDX-License-Identifier: MIT
# Three allocators whose memory is known on paper must measure as the paper says, within 1 %.
# The play is `pins` with 8 MiB: 32768 blocks of 256 B, every 16th kept, then 7680 of 1024 B.
# shellcheck disable=SC1091,SC2154
. "${LM_SRCDIR:-.}/bench/fragbench/tests/tap.bash"

[ "$(getconf PAGESIZE)" = 4096 ] || skip_all "the sums are for pages of 4 KiB"

first=32768
kept=2048
second=7680
live=$((kept * 256 + second * 1024))

play() {
    LD_PRELOAD=$paper/$1.so "$fragbench" run pins --live=8M --settle=0 --no-maps >"$work/$1" ||
        echo "# $1: exit status $?"
}

# The allocator's memory at a label, less what it had before the play.
grown() {
    echo $(($(figure "$work/$1" "$2" now heap) - $(figure "$work/$1" start now heap)))
}

parts_add_up() {
    local label
    for label in start full pinned end freed; do
        near "parts at $label" \
            $(($(figure "$work/$1" $label now live_resident) + $(figure "$work/$1" $label now slack) + \
                $(figure "$work/$1" $label now pinned) + $(figure "$work/$1" $label now empty))) \
            "$(figure "$work/$1" $label now heap)" || return 1
        near "heap and image at $label" \
            $(($(figure "$work/$1" $label now heap) + $(figure "$work/$1" $label now image))) \
            "$(figure "$work/$1" $label now anonymous)" || return 1
    done
}

part() { # ALLOCATOR LABEL PART WANTED
    near "$3 of $1 at $2" "$(figure "$work/$1" "$2" now "$3")" "$4"
}

for allocator in fbbump fbmmap fbbitmap; do
    [ -f "$paper/$allocator.so" ] || skip_all "$allocator is not built"
    play $allocator
    ok "${allocator}_parts_add_up_to_the_kernels_total" parts_add_up $allocator
    ok "${allocator}_live_bytes_are_the_plays" part $allocator end live $live
done

# bump: all that was ever taken, each with 16 bytes of header.
bump_full=$((first * 272))
bump_end=$((bump_full + second * 1040))
ok bump_holds_all_it_ever_took near "bump at end" "$(grown fbbump end)" $bump_end
ok bump_returns_nothing near "bump freed" "$(grown fbbump freed)" $bump_end
# Which pages hold no live byte depends on where the first block fell; the sum does not.
bump_dead=$(($(figure "$work/fbbump" end now pinned) + $(figure "$work/fbbump" end now empty)))
ok bump_headers_and_corpses_are_pinned_or_empty near "pinned and empty of bump" \
    $((bump_dead - $(figure "$work/fbbump" start now heap))) $((bump_end - live))
ok bump_has_live_bytes_resident part fbbump end live_resident $live

# mmap: a page for each live block, whatever its size.
ok mmap_holds_a_page_for_each near "mmap at full" "$(grown fbmmap full)" $((first * 4096))
ok mmap_returns_at_once near "mmap at pinned" "$(grown fbmmap pinned)" $((kept * 4096))
ok mmap_ends_with_its_live_pages near "mmap at end" "$(grown fbmmap end)" \
    $(((kept + second) * 4096))
ok mmap_pins_the_rest_of_each_page part fbmmap end pinned $(((kept + second) * 4096 - live))
ok mmap_is_empty_when_all_is_freed near "mmap freed" "$(grown fbmmap freed)" 0

# bitmap: three of 1 KiB fit between two that were kept, the others go on top.
bitmap_end=$((first * 256 + (second - 3 * kept) * 1024))
ok bitmap_packs_without_loss near "bitmap at full" "$(grown fbbitmap full)" $((first * 256))
ok bitmap_is_pinned_everywhere part fbbitmap pinned pinned $(((first - kept) * 256))
ok bitmap_fills_its_holes near "bitmap at end" "$(grown fbbitmap end)" $bitmap_end
ok bitmap_knows_the_holes_left part fbbitmap end pinned $((bitmap_end - live))
ok bitmap_has_no_empty_pages near "bitmap empty" "$(figure "$work/fbbitmap" end now empty)" \
    "$(figure "$work/fbbitmap" start now heap)"
ok bitmap_is_empty_when_all_is_freed near "bitmap freed" "$(grown fbbitmap freed)" 0
plan
