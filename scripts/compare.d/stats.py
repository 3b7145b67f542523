# SPDX-License-Identifier: MIT
"""Medians, their bootstrap intervals, ratios and geometric means.

Owns: arithmetic only. A summary is a plain dictionary, so that the JSON file, the table and the
page show one thing.
"""

import math
import random
import statistics

BOOTSTRAP_DRAWS = 1000
MEASURES = ("time_s", "peak_rss_kib", "cpu_s", "minor_faults")


def interval(values):
    """The 95 % bootstrap interval of the median; the same values always give the same interval."""
    if len(values) < 2:
        return [values[0], values[0]]
    rng = random.Random(len(values))
    medians = sorted(
        statistics.median(rng.choices(values, k=len(values))) for _ in range(BOOTSTRAP_DRAWS)
    )
    return [medians[int(0.025 * BOOTSTRAP_DRAWS)], medians[int(0.975 * BOOTSTRAP_DRAWS) - 1]]


def geometric_mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values)) if values else None


def summarize_cells(cells):
    """Median and interval of every measure, or what went wrong."""
    good = [cell for cell in cells if not cell["failure"]]
    if not good:
        return {"failure": cells[0]["failure"] if cells else "not run"}
    entry = {"runs": len(good)}
    failed = [cell["failure"] for cell in cells if cell["failure"]]
    if failed:
        entry["failed_runs"] = failed
    for measure in MEASURES:
        values = [
            cell["user_s"] + cell["sys_s"] if measure == "cpu_s" else cell[measure] for cell in good
        ]
        entry[measure] = statistics.median(values)
        entry[measure + "_95"] = interval(values)
        entry[measure + "_all"] = values
    return entry


def add_ratios(entries, peers):
    """Adds to each allocator's entry its ratio to the row's best peer, and to glibc."""
    for measure in ("time_s", "peak_rss_kib"):
        known = {name: entry[measure] for name, entry in entries.items() if entry.get(measure)}
        best = min((known[name] for name in peers if name in known), default=None)
        for name, value in known.items():
            if best:
                entries[name][measure + "_to_best_peer"] = value / best
            if known.get("glibc"):
                entries[name][measure + "_to_glibc"] = value / known["glibc"]


def means(rows, names, measure):
    """Geometric means of ratios to the best peer, over the rows that every allocator finished."""
    key = measure + "_to_best_peer"
    usable = [row for row in rows if all(key in row["allocators"].get(name, {}) for name in names)]
    if measure == "time_s":
        usable = [row for row in usable if not row["rss_only"]]
    if not usable:
        return {"rows": 0, "means": {}}
    return {
        "rows": len(usable),
        "means": {
            name: geometric_mean([row["allocators"][name][key] for row in usable]) for name in names
        },
        "to_glibc": {
            name: geometric_mean([row["allocators"][name][measure + "_to_glibc"] for row in usable])
            for name in names
        }
        if "glibc" in names
        else {},
    }


def choose_time(rows, cells, by):
    """The cells with the wanted time; on a busy machine user + system says more than wall."""
    if by == "wall":
        return cells
    timed_inside = {row["name"] for row in rows if row["measure"] == "op_s"}
    return [
        cell if cell["row"] in timed_inside else {**cell, "time_s": cell["user_s"] + cell["sys_s"]}
        for cell in cells
    ]


def summarize(rows, names, subject, cells):
    """Everything that is shown, from the plain list of cells.

    `subject` is the allocator that is no peer.
    """
    peers = [name for name in names if name != subject] or names
    by_place = {}
    for cell in cells:
        by_place.setdefault((cell["row"], cell["allocator"]), []).append(cell)
    table = []
    for row in rows:
        entries = {
            name: summarize_cells(by_place[row["name"], name])
            for name in names
            if (row["name"], name) in by_place
        }
        if entries:
            add_ratios(entries, peers)
            table.append({**row, "allocators": entries})
    groups = {}
    for group, sets in group_sets(table).items():
        members = [row for row in table if row["set"] in sets]
        time, rss = means(members, names, "time_s"), means(members, names, "peak_rss_kib")
        groups[group] = {
            "time": time,
            "peak_rss": rss,
            "fastest_peer": best_name(time["means"], peers),
            "leanest_peer": best_name(rss["means"], peers),
        }
    return {
        "names": names,
        "subject": subject if subject in names else None,
        "peers": peers,
        "rows": table,
        "groups": groups,
    }


def group_sets(table):
    """Each set alone, and all whole processes together.

    Patterns of nanoseconds are no part of that mean.
    """
    present = list(dict.fromkeys(row["set"] for row in table))
    groups = {name: (name,) for name in present}
    if "shapes" in present and "programs" in present:
        groups = {"shapes + programs": ("shapes", "programs"), **groups}
    return groups


def best_name(values, peers):
    known = [name for name in peers if name in values]
    return min(known, key=lambda name: values[name]) if known else None
