#!/bin/bash
# SPDX-License-Identifier: MIT
# git.sh - git commits, clones, packs and checks; two packing threads.
. "${0%/*}/lib.sh"
need git perl
plan 2

export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org
git config --global init.defaultBranch main
git config --global pack.threads 2
git config --global gc.auto 0
cat >"$work/tree.pl" <<'EOP'
# Files of words that change a little from round to round, so that deltas are found.
my $round = shift;
for my $f (1 .. 120) {
    open my $out, ">", "file$f" or die;
    srand $f;
    print $out join(" ", map { "w" . int rand 500 } 1 .. 12), "\n" for 1 .. 150;
    print $out "round ", int(($round + $f) / 4), "\n";
}
EOP

history_of_a_project() {
    git init -q origin && cd origin || return
    for round in $(seq 12); do
        perl "$work/tree.pl" "$round"
        git add . && GIT_AUTHOR_DATE="$((1000000000 + round)) +0000" \
            GIT_COMMITTER_DATE="$((1000000000 + round)) +0000" git commit -q -m "round $round"
    done
    cd .. && git clone -q --no-local origin copy && cd copy || return
    git gc -q --aggressive --prune=now && git fsck --full --strict --no-progress || return
    git log --stat --format='%H %s' && git cat-file --batch-all-objects --batch-check
    git blame -s file7 | tail -n 3
    git diff --word-diff HEAD~9 | sha1sum
    # The index holds the times of files, a pack the order of two threads.
    cd .. && rm -rf origin copy/.git
}
compare "init, commit, clone, gc, fsck, log, blame and diff" history_of_a_project
loaded_in git perl
finish
