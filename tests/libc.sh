# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For shell tests that run the system's programs under the library, which source it.

# Was the library built for another libc than this system's programs? With musl-gcc, say.
has_other_libc() { # library
    readelf -dW "$1" | grep -qE '\(NEEDED\).*\[libc\.(so|musl-.*)\]' && ! readelf -lW /bin/sh | grep -q 'ld-musl-'
}
