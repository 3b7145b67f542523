# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For scripts that measure allocators by name, which source it: scripts/peers from the shell.
peers_table=$(dirname "${BASH_SOURCE[0]}")/peers

# The names, one a line.
peers_known() { awk '$1 !~ /^#/ && NF > 0 { print $1 }' "$peers_table"; }

# The library of that name where the loader looks; nothing if it is not installed or not known.
peers_find() { # name
    local files
    files=$(awk -v name="$1" '$1 == name { print $2 }' "$peers_table")
    [ -z "$files" ] || /sbin/ldconfig -p | awk -v files="$files" '$1 ~ "^(" files ")$" { print $NF; exit }'
}
