#!/bin/bash
# SPDX-License-Identifier: MIT
# preload.sh - the library gets into a process by LD_PRELOAD, and is seen in its maps.
. "${0%/*}/lib.sh"
plan 3

if LD_PRELOAD=$library grep -q -F "$library" /proc/self/maps; then
    ok "the maps of a preloaded process name the library"
else
    not_ok "the maps of a preloaded process name the library"
fi
compare "ls, cat and find of small trees" sh -c \
    'mkdir a b; ls -la /etc >/dev/null; find /etc -maxdepth 1 | sort >c; cat c'
loaded_in sh ls find sort cat
finish
