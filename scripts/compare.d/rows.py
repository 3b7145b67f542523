# SPDX-License-Identifier: MIT
"""The rows of the comparison: what each one runs, and in which sets it is.

Owns: the sets and the command line of every cell. Does not own: running it (cells.py).
"""

import os
import re
import subprocess
from dataclasses import dataclass

SETS = ("micro", "shapes", "programs")

# (row, thread counts); "all" is one thread per processor
SHAPES = [
    ("larson", (1, "all")),
    ("xmalloc", ("all",)),
    ("cache_scratch", ("all",)),
    ("cache_thrash", ("all",)),
    ("sh6", (1, "all")),
    ("sh8", (1, "all")),
    ("mstress", (1, "all")),
    ("rptest", (1, "all")),
    ("footprint", (100,)),
]
RSS_ONLY_SHAPES = ("footprint",)

# The quick set: one row for each kind of question, a few minutes in all.
QUICK = re.compile(
    r"""^( malloc\+free\ pair.* | 20\ classes,\ freed\ in\ order | 1000\ x.*\ in\ (order|reverse)
    | churn,.* | fill\ 1\ M.* | calloc\ 16-496\ B | realloc\ chain.* | medium\ .* | large\ .*
    | aligned\ .* | growth\ .*
    | mt\ (churn|exchange).*\[[2]\] | one-way.* | thread\ life.*
    | larson\ \[[2-9][0-9]*\] | sh6\ \[1\] | mstress\ \[[2-9][0-9]*\] | rptest\ \[[2-9][0-9]*\]
    | footprint.* | true | cc1plus | python3\ json | redis\ set-get | lua | sqlite3 )$""",
    re.VERBOSE,
)


class RowError(Exception):
    """Rows cannot be listed or were asked for and do not exist; the text is for the user."""


@dataclass
class Row:
    name: str
    set: str
    command: list
    # "op_s": seconds per operation, from google-benchmark; "wall_s": seconds per run
    measure: str
    # too short for its time to mean anything
    rss_only: bool = False
    # the folder in which it runs; programs have one per driver
    folder: str = ""


def exact_filter(name):
    """A regular expression for this name alone.

    What google-benchmark may not quote the same way becomes a dot.
    """
    return "^%s$" % re.sub(r"[^A-Za-z0-9 ,:_/-]", ".", name)


def micro_label(name):
    """`churn/iterations:8/real_time/threads:2` reads `churn [2]`."""
    name = re.sub(r"/(iterations:\d+|real_time)", "", name)
    return re.sub(r"/threads:(\d+)", r" [\1]", name)


def micro_rows(build):
    program = os.path.join(build, "bench", "micro", "lm_micro")
    if not os.path.exists(program):
        raise RowError(
            "micro: %s is not built; install google-benchmark (libbenchmark-dev), configure, make"
            % program
        )
    listing = subprocess.run(
        [program, "--benchmark_list_tests"], capture_output=True, text=True, check=True
    ).stdout
    rows = []
    for name in listing.splitlines():
        # google-benchmark prints what it measured into a file, because a library may print to
        # stdout
        command = [
            program,
            "--benchmark_filter=%s" % exact_filter(name),
            "--benchmark_out=@RESULT@",
            "--benchmark_out_format=json",
        ]
        rows.append(Row(micro_label(name), "micro", command, "op_s"))
    return rows


def shape_rows(build):
    processors = len(os.sched_getaffinity(0))
    rows = []
    for shape, counts in SHAPES:
        program = os.path.join(build, "bench", "programs", "shapes", shape)
        if not os.path.exists(program):
            raise RowError("shapes: %s is not built; run make" % program)
        threads = sorted(
            {max(2, min(processors, 256)) if count == "all" else count for count in counts}
        )
        for n in threads:
            label = "%s [%d]" % (shape, n)
            is_rss_only = shape in RSS_ONLY_SHAPES
            rows.append(Row(label, "shapes", [program, str(n)], "wall_s", rss_only=is_rss_only))
    return rows


def program_rows(source):
    """Asks every driver for its rows; the tools it needs are looked for later, in its setup."""
    folder = os.path.join(source, "bench", "programs")
    rows = []
    for name in sorted(os.listdir(folder)):
        driver = os.path.join(folder, name)
        if not name.endswith(".sh") or name == "common.sh":
            continue
        listing = subprocess.run(
            ["sh", driver, "rows"], capture_output=True, text=True, check=True
        ).stdout
        for line in listing.splitlines():
            row = line.removesuffix(" rss-only")
            rows.append(
                Row(
                    row,
                    "programs",
                    ["sh", driver, "run", row],
                    "wall_s",
                    rss_only=row != line,
                    folder=name.removesuffix(".sh"),
                )
            )
    return rows


def list_rows(sets, patterns, build, source, note):
    """The rows of the sets whose name matches one of the patterns (all, if there are none)."""
    makers = {
        "micro": lambda: micro_rows(build),
        "shapes": lambda: shape_rows(build),
        "programs": lambda: program_rows(source),
    }
    wanted = SETS if "quick" in sets or not sets else [s for s in SETS if s in sets]
    rows = []
    for name in wanted:
        try:
            rows += makers[name]()
        except RowError as error:
            if name in sets:
                raise
            note("left out: %s" % error)
    if "quick" in sets:
        rows = [row for row in rows if QUICK.match(row.name) or row.set in sets]
    try:
        regexes = [re.compile(pattern) for pattern in patterns]
    except re.error as error:
        raise RowError("--rows: not a regular expression: %s" % error) from error
    if regexes:
        rows = [row for row in rows if any(regex.search(row.name) for regex in regexes)]
    if not rows:
        raise RowError("no row matches; --list shows all of them")
    return rows
