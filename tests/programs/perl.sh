#!/bin/bash
# SPDX-License-Identifier: MIT
# perl.sh - a perl program with many strings, hashes, regular expressions and forks.
. "${0%/*}/lib.sh"
need perl
plan 2

export PERL_HASH_SEED=0
cat >"$work/words.pl" <<'EOP'
use strict; use warnings;
my (%count, @lists, $text);
srand 7;
$text .= join(" ", map { chr(97 + int rand 26) x (1 + int rand 9) } 1 .. 40) . "\n" for 1 .. 8000;
$count{$1}++ while $text =~ /(\w+)/g;
print "$_ $count{$_}\n" for sort keys %count;
for my $round (1 .. 60) {
    push @lists, [map { { id => $_, name => "n" x ($_ % 400) } } 1 .. 500];
    splice @lists, int rand @lists, 1 if @lists > 20;
}
my $grown = ""; $grown .= pack "N", $_ for 1 .. 500_000;
print scalar(@lists), " ", unpack("%32C*", $grown), "\n";
(my $long = $text) =~ s/(\w)(\w)/$2$1/g;
print unpack("%32C*", $long), " ", length $long, "\n";
for my $child (1 .. 8) {
    my $pid = fork // die;
    unless ($pid) { my @a = map { "c$_" } 1 .. 20000; exit(@a == 20000 ? $child : 99) }
    waitpid $pid, 0;
    print "child ", $? >> 8, "\n";
}
EOP
compare "words, lists, one long string and eight children" perl "$work/words.pl"
loaded_in perl
finish
