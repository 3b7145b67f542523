#!/bin/sh
# SPDX-License-Identifier: MIT
# Perl: hashes of arrays, string growth, regular expressions, sorting. PERL_HASH_SEED keeps every
# run the same.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo perl
}

lm_setup()
{
    lm_need perl
    cat >work.pl <<'PERL'
use strict;
use warnings;
srand(5);
my %index;
my @lines = map { join ' ', map { 'w' . int rand 5000 } 1 .. 12 } 1 .. 25000;
for my $n (0 .. $#lines) {
    push @{ $index{$_} }, $n for split / /, $lines[$n];
}
my $text = '';
for my $word (sort { @{ $index{$b} } <=> @{ $index{$a} } || $a cmp $b } keys %index) {
    $text .= "$word: " . join(',', @{ $index{$word} }) . "\n";
}
for my $round (1 .. 5) {
    my %seen;
    $seen{$1}++ while $text =~ /(\d{2,4})/g;
    my @objects = map { { id => $_, name => "n$_", list => [ $_ .. $_ + 5 ] } } 1 .. 30000;
    @objects = grep { $_->{id} % 3 } @objects;
    (my $copy = $text) =~ s/w(\d)/W$1$1/g;
}
PERL
}

lm_run()
{
    PERL_HASH_SEED=0 $LM_LAUNCH perl work.pl
}

lm_driver "$@"
