# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# lib.sh - runs a program twice, without and with the library under test, and compares.
#
# Owns the work folder, the TAP lines and the comparison. Which program, with what input, is the
# business of the scripts in this folder; nobody else sources this file.
#
# LM_LIBRARY   the library to preload (default: libmalloc.so of this build)
# LM_PROGRAMS  names of the scripts to run, "none" for none (default: all)
# LM_KEEP      if set, the work folder stays for inspection

set -u
export LC_ALL=C TZ=UTC
unset LD_PRELOAD MAKEFLAGS MAKELEVEL MFLAGS

script=${0##*/}
script=${script%.sh}
here=$(cd "${0%/*}" && pwd)
seconds_allowed=900

# A hang is a failure, and must not outlive the test: the whole process group ends with it.
if [ -z "${LM_TIMED:-}" ]; then
    LM_TIMED=yes exec timeout --kill-after=10 "$seconds_allowed" "$0" "$@"
fi

bail_out() {
    echo "Bail out! $script: $1"
    exit 1
}

skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

check_selection() {
    local name wanted=no
    for name in ${LM_PROGRAMS-$script}; do
        [ "$name" = "$script" ] && wanted=yes
        [ "$name" = none ] || [ -e "$here/$name.sh" ] ||
            bail_out "LM_PROGRAMS names '$name', which is no script in tests/programs: use one of \
$(cd "$here" && printf '%s ' *.sh)"
    done
    [ $wanted = yes ] || skip_all "LM_PROGRAMS leaves $script out"
}
check_selection

library=${LM_LIBRARY:-${LM_BUILDDIR:-$PWD}/.libs/libmalloc.so}
[ -r "$library" ] || bail_out "no library at '$library': set LM_LIBRARY to the .so to test"
library=$(realpath "$library")
# shellcheck source=../libc.sh
. "$here/../libc.sh"
skip_if_other_libc "$library"

# Short, because the path of a unix socket has room for 107 bytes; readable, because some servers
# give up root.
work=$(mktemp -d "${TMPDIR:-/tmp}/lm.XXXXXX") || bail_out "cannot make a work folder in /tmp"
[ ${#work} -lt 60 ] || { rmdir "$work"; work=$(mktemp -d /tmp/lm.XXXXXX); }
chmod 755 "$work"
run=$work/run     # where a run happens; both at the same path, so that recorded paths are equal
loads=$work/loads # one file per process that the loader started in the run with the library
mkdir -m 1777 "$loads"

tidy() {
    if [ -n "${LM_KEEP:-}" ]; then
        echo "# kept $work"
    else
        rm -rf "$work"
    fi
}
trap tidy EXIT

# --- TAP -----------------------------------------------------------------
tests_run=0
failures=0
loader_records=yes
compared=no

plan() { echo "1..$1"; }

ok() {
    tests_run=$((tests_run + 1))
    echo "ok $tests_run - $1"
}

not_ok() {
    tests_run=$((tests_run + 1))
    failures=$((failures + 1))
    echo "not ok $tests_run - $1"
}

skip() {
    tests_run=$((tests_run + 1))
    echo "ok $tests_run - $1 # SKIP $2"
}

# Lines from stdin, at most 20 of them, as remarks.
remark() { head -n 20 | cut -c 1-200 | sed 's/^/# /'; }

finish() { exit $((failures > 0)); }

need() {
    local command
    for command in "$@"; do
        command -v "$command" >/dev/null || skip_all "$command is not installed"
    done
}

# --- the comparison ------------------------------------------------------
# one_run plain|ours COMMAND...: leaves the run's files, output, errors and status in $work/WHICH.
# COMMAND may be a shell function; whatever it starts is preloaded too.
one_run() {
    local which=$1
    shift
    rm -rf "$run" "${work:?}/$which"
    mkdir -p "$work/$which"
    mkdir -m 777 "$run"
    (
        cd "$run" || exit 99
        if [ "$which" = ours ]; then
            export LD_PRELOAD=$library
            # The loader's own record is the proof that the library got into a process; it holds
            # a file descriptor, which a program that counts its own would notice.
            [ "$loader_records" = no ] || export LD_DEBUG=files LD_DEBUG_OUTPUT=$loads/process
        fi
        "$@"
    ) </dev/null >"$work/$which/output" 2>"$work/$which/errors"
    echo $? >"$work/$which/status"
    mv "$run" "$work/$which/files"
}

# What the library or the loader says about itself on stderr is never right.
complaints() { grep -h -E '^(libmalloc|ERROR: ld\.so)' "$work/ours/errors"; }

# compare DESCRIPTION COMMAND...: equal status, standard output and files left behind.
compare() {
    local what=$1 part
    shift
    rm -rf "${loads:?}"/*
    compared=no
    one_run plain "$@"
    if [ "$(cat "$work/plain/status")" != 0 ]; then
        skip "$what" "without the library it ends with status $(cat "$work/plain/status")"
        remark <"$work/plain/errors"
        return 1
    fi
    one_run ours "$@"
    compared=yes
    for part in status output files; do
        diff -r "$work/plain/$part" "$work/ours/$part" >"$work/difference" 2>&1 && continue
        not_ok "$what: same $part"
        remark <"$work/difference"
        remark <"$work/ours/errors"
        return 1
    done
    if complaints >"$work/difference"; then
        not_ok "$what: nothing to complain about"
        remark <"$work/difference"
        return 1
    fi
    ok "$what: same status, output and files"
}

# loaded_in PROGRAM...: the last compared run had the library in each of these programs; "as" is also
# x86_64-linux-gnu-as.
loaded_in() {
    local program pattern
    if [ $compared = no ]; then
        skip "the library was in $*" "nothing was run"
        return
    fi
    for program in "$@"; do
        pattern=${program//[.]/[.]}
        pattern=${pattern//[+]/[+]}
        grep -r -l -F "file=$library [0];  generating link map" "$loads" |
            xargs -d '\n' cat /dev/null | grep -E "transferring control: (.*/)?([a-z0-9_]+-linux-gnu-)?$pattern\$" >/dev/null && continue
        not_ok "the library was in $*: not in $program"
        return 1
    done
    ok "the library was in $*"
}

# --- for servers ---------------------------------------------------------
# wait_for COMMAND...: true once it succeeds, false after two minutes.
wait_for() {
    local _
    for _ in $(seq 2400); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    return 1
}

# serve COMMAND...: starts a server that ends with the run; $server is its process.
serve() {
    "$@" >server.log 2>&1 &
    server=$!
    trap 'kill $server 2>/dev/null; wait' EXIT
}

# stop_server SIGNAL: asks it to end; true if it ended well.
stop_server() {
    kill "-$1" "$server"
    wait "$server"
    local status=$?
    trap - EXIT
    return $status
}
