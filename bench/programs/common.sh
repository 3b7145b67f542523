# SPDX-License-Identifier: MIT
#
# What the program drivers share. A driver is called in its own work folder as
#   DRIVER rows        prints its rows, one per line: NAME, or "NAME rss-only" if its time is
#                      too short to mean anything
#   DRIVER setup       makes the input, unmeasured and without any preload; ends with 77 and one
#                      line if a tool is missing
#   DRIVER run NAME    runs one cell: the program under test behind $LM_LAUNCH, all else without
# It defines lm_rows, lm_setup and lm_run, and ends with: lm_driver "$@"
# A row whose wall time is not that of the launched process writes seconds into $LM_WALL_FILE.
# shellcheck shell=sh
set -eu
LC_ALL=C
export LC_ALL

lm_die()
{
    echo "${0##*/}: $*" >&2
    exit 1
}

# lm_need TOOL...: every tool must be installed.
lm_need()
{
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 || {
            echo "$tool is not installed"
            exit 77
        }
    done
}

lm_driver()
{
    case "${1-}" in
    rows) lm_rows ;;
    setup) lm_setup ;;
    run)
        [ -n "${LM_LAUNCH-}" ] || lm_die "LM_LAUNCH is not set; scripts/compare sets it"
        lm_run "${2-}"
        ;;
    *) lm_die "usage: ${0##*/} rows | setup | run NAME" ;;
    esac
}
