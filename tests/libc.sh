# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For shell tests, which source it: which libc is the library for, and what does it export?

is_for_musl() { # library
    readelf -dW "$1" | grep -qE '\(NEEDED\).*\[libc\.(so|musl-.*)\]'
}

# For tests that run the system's programs under a library that was built by musl-gcc, say.
skip_if_other_libc() { # library
    is_for_musl "$1" && ! readelf -lW /bin/sh | grep -q 'ld-musl-' || return 0
    echo "1..0 # SKIP the programs here have another libc"
    exit 0
}

# The symbols that a library defines, a line each: all of `nm` with versions. The version nodes are absolute ones, and old
# linkers (2.30) export marks of their own.
exported_symbols() { # library
    nm -D --with-symbol-versions --defined-only "$1" |
        awk '$2 != "A" { sub(/@@Base$/, "", $3); print $3 }' | grep -v -x -E '__bss_start|_edata|_end' | sort -u
}
