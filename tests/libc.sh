# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For shell tests, which source it: which libc is the library for?

is_for_musl() { # library
    readelf -dW "$1" | grep -qE '\(NEEDED\).*\[libc\.(so|musl-.*)\]'
}

# For tests that run the system's programs under a library that was built by musl-gcc, say.
skip_if_other_libc() { # library
    is_for_musl "$1" && ! readelf -lW /bin/sh | grep -q 'ld-musl-' || return 0
    echo "1..0 # SKIP the programs here have another libc"
    exit 0
}
