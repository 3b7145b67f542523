#!/bin/bash
# SPDX-License-Identifier: MIT
# openssl.sh - openssl digests, enciphers, signs, and talks TLS to itself.
. "${0%/*}/lib.sh"
need openssl perl
plan 3

perl -e 'srand 3; print pack "L*", map { int rand 2 ** 32 } 1 .. 500_000' >"$work/data"
ciphers() {
    openssl dgst -sha256 -r <"$work/data"
    openssl enc -aes-256-cbc -pbkdf2 -S 0011223344556677 -k secret -in "$work/data" -out sealed &&
        openssl enc -d -aes-256-cbc -pbkdf2 -k secret -in sealed | cmp - "$work/data"
    openssl list -digest-algorithms | sha1sum
}
keys_and_tls() {
    openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -batch \
        -subj /CN=localhost 2>/dev/null || return 1
    openssl dgst -sha256 -sign key.pem -out signature "$work/data" &&
        openssl dgst -sha256 -verify <(openssl x509 -in cert.pem -noout -pubkey) \
            -signature signature "$work/data" || return 1
    serve openssl s_server -key key.pem -cert cert.pem -unix "$run/socket" -WWW -quiet
    cp "$work/data" page
    wait_for test -S "$run/socket" || return 1
    local _
    for _ in 1 2 3 4 5; do
        printf 'GET /page HTTP/1.0\r\n\r\n' |
            openssl s_client -unix "$run/socket" -quiet -CAfile cert.pem 2>/dev/null | sha1sum
    done
    rm -f key.pem cert.pem signature socket server.log page
}
compare "digests and ciphers" ciphers
loaded_in openssl
compare "a key, a signature and five TLS connections" keys_and_tls
finish
