#!/bin/sh
# SPDX-License-Identifier: MIT
# What an allocator costs a process that hardly allocates.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo 'true rss-only'
}

lm_setup()
{
    lm_need true
}

lm_run()
{
    # the launcher runs the program, never the shell's builtin
    $LM_LAUNCH true
}

lm_driver "$@"
