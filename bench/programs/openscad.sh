#!/bin/sh
# SPDX-License-Identifier: MIT
# OpenSCAD: exact geometry in C++, where every number and every edge is a small block of its own.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo openscad
}

lm_setup()
{
    lm_need openscad
    cat >work.scad <<'SCAD'
difference() {
    union() { for (i = [0:3]) for (j = [0:4]) translate([i * 10, j * 10, 0]) cylinder(h = 10, r = 4, $fn = 24); }
    for (i = [0:3]) translate([i * 10, 20, 5]) rotate([90, 0, 0]) cylinder(h = 80, r = 1, $fn = 12, center = true);
}
SCAD
}

lm_run()
{
    $LM_LAUNCH openscad -o work.stl work.scad
}

lm_driver "$@"
