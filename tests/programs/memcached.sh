#!/bin/bash
# SPDX-License-Identifier: MIT
# memcached.sh - memcached with four threads keeps what six clients store.
. "${0%/*}/lib.sh"
need memcached perl
plan 2

cat >"$work/client.pl" <<'EOP'
# One client: stores, appends, deletes and reads back; prints a checksum of what it read.
use strict; use warnings; use IO::Socket::UNIX;
my ($path, $me) = @ARGV;
my $s = IO::Socket::UNIX->new(Peer => $path) or die "connect: $!";
my ($sum, $x) = (0, $me);
for my $i (1 .. 4000) {
    $x = ($x * 1103515245 + 12345) % 2147483648;
    my ($key, $value) = ("c$me-" . $x % 700, chr(97 + $x % 26) x ($x % 3000));
    print $s "set $key 0 0 " . length($value) . "\r\n$value\r\n";
    die unless <$s> eq "STORED\r\n";
    if ($i % 5 == 0) { print $s "delete $key\r\n"; <$s> }
    print $s "get $key\r\n";
    while ((my $line = <$s>) ne "END\r\n") {
        next unless $line =~ /^VALUE \S+ \d+ (\d+)/;
        read $s, my $data, $1 + 2;
        $sum = ($sum + unpack "%32C*", $data) % 2147483647;
    }
}
print "client $me $sum\n";
EOP
six_clients() {
    local user=() client clients=()
    [ "$(id -u)" != 0 ] || user=(-u root)
    serve memcached "${user[@]}" -s "$run/socket" -t 4 -m 64 -o no_hashexpand
    wait_for test -S "$run/socket" || return 1
    for client in 1 2 3 4 5 6; do
        perl "$work/client.pl" "$run/socket" "$client" >"client$client" &
        clients+=($!)
    done
    wait "${clients[@]}" || return 1
    stop_server INT || return 1
    rm -f socket ./*.log
}
compare "six clients" six_clients
loaded_in memcached perl
finish
