# SPDX-License-Identifier: MIT
"""The comparison as text for a terminal.

Owns: units, rounding, columns. Does not own: any arithmetic (stats.py).
"""

NAME_WIDTH = 40
CELL_WIDTH = 13
# an interval narrower than this is not worth its ink
QUIET_SPREAD = 0.05

TITLES = {
    "time_s": "time",
    "peak_rss_kib": "peak RSS",
    "cpu_s": "user + system",
    "minor_faults": "page faults",
}
TIME_UNITS = [(1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")]


def time_unit(seconds):
    return next((unit for unit in TIME_UNITS if seconds >= unit[0]), TIME_UNITS[-1])


def significant(value):
    """Three digits, never an exponent; a count stays a count."""
    if value >= 100 or value == int(value):
        return "%.0f" % value
    return "%.1f" % value if value >= 10 else "%.2f" % value


def spread(entry, measure):
    """Half of the interval's width, relative to the median."""
    low, high = entry[measure + "_95"]
    return (high - low) / 2 / entry[measure] if entry[measure] else 0.0


def cell_text(entry, measure, scale):
    if entry is None:
        return "-"
    if "failure" in entry:
        return "failed"
    value = significant(entry[measure] / scale)
    wide = spread(entry, measure)
    return "%s \u00b1%.0f%%" % (value, wide * 100) if wide > QUIET_SPREAD else value


def row_scale(row, measure):
    """The unit of a row: that of its smallest value."""
    values = [entry[measure] for entry in row["allocators"].values() if measure in entry]
    if measure == "peak_rss_kib":
        return (1024.0, "MiB")
    if measure == "minor_faults":
        return (1.0, "")
    return time_unit(min(values)) if values else (1.0, "s")


def table(summary, group, measure):
    names = summary["names"]
    rows = [row for row in summary["rows"] if row["set"] == group]
    if measure in ("time_s", "cpu_s"):
        rows = [row for row in rows if not row["rss_only"]]
    if not rows:
        return []
    has_verdict = measure in ("time_s", "peak_rss_kib")
    heads = names + (verdict_heads(summary) if has_verdict else [])
    title = "%s, %s" % (group, TITLES[measure])
    lines = ["", columns(title, "unit", [head[: CELL_WIDTH - 1] for head in heads])]
    for row in rows:
        scale, unit = row_scale(row, measure)
        cells = [cell_text(row["allocators"].get(name), measure, scale) for name in names]
        lines.append(
            columns(
                row["name"], unit, cells + (verdict(summary, row, measure) if has_verdict else [])
            )
        )
    return lines


def columns(name, unit, cells):
    first = name[:NAME_WIDTH].ljust(NAME_WIDTH) + unit.rjust(5)
    return first + "".join(cell.rjust(CELL_WIDTH) for cell in cells)


def verdict_heads(summary):
    subject = summary["subject"]
    if not subject:
        return ["best"]
    return [subject + "/best"] + ([subject + "/glibc"] if "glibc" in summary["names"] else [])


def verdict(summary, row, measure):
    """Our ratio to the best peer and to glibc; without ours, the best peer's name."""
    subject, entries = summary["subject"], row["allocators"]
    if not subject:
        best = (name for name in entries if entries[name].get(measure + "_to_best_peer") == 1.0)
        return [next(best, "-")]
    ours = entries.get(subject, {})
    against = ["_to_best_peer"] + (["_to_glibc"] if "glibc" in summary["names"] else [])
    ratios = [ours.get(measure + suffix) for suffix in against]
    return ["%.2f" % ratio if ratio else "-" for ratio in ratios]


def mean_lines(summary):
    names = summary["names"]
    lines = [
        "",
        columns(
            "geometric means, x best peer of each row", "", [n[: CELL_WIDTH - 1] for n in names]
        ),
    ]
    for group, figures in summary["groups"].items():
        for what, best in (("time", "fastest_peer"), ("peak_rss", "leanest_peer")):
            means = figures[what]
            if not means["rows"]:
                continue
            label = "%s, %s, %d rows" % (
                group,
                what.replace("_", " ").replace("rss", "RSS"),
                means["rows"],
            )
            lines.append(
                label.ljust(NAME_WIDTH + 5)
                + "".join(("%.2f" % means["means"][name]).rjust(CELL_WIDTH) for name in names)
            )
            lines += subject_line(summary, means, figures[best], best)
    return lines


def subject_line(summary, means, peer, best):
    """How ours stands against the one peer that is best in this measure on average."""
    subject = summary["subject"]
    if not subject or not peer:
        return []
    ratio = means["means"][subject] / means["means"][peer]
    return ["    %s is %.2f x the %s single peer, %s" % (subject, ratio, best.split("_")[0], peer)]


def failure_lines(summary):
    """One line for each reason of a row, however many allocators share it."""
    who = {}
    for row in summary["rows"]:
        for name, entry in row["allocators"].items():
            for reason in (
                [entry["failure"]] if "failure" in entry else entry.get("failed_runs", [])
            ):
                names = who.setdefault((row["name"], reason), [])
                if name not in names:
                    names.append(name)
    lines = [
        "  %s: %s (%s)" % (row, reason, ", ".join(names)) for (row, reason), names in who.items()
    ]
    return ["", "failed:"] + lines if lines else []


def render(result, with_details):
    summary = result["summary"]
    lines = ["%s: %s" % item for item in result["host"].items()]
    lines += ["%s: %s" % (a["name"], a["version"]) for a in result["allocators"]]
    lines += ["skipped: %s" % line for line in result["skipped"]]
    lines.append("time of shapes and programs: %s" % result["time"])
    lines.append(
        "medians of %d rounds; half the 95 %% interval is shown where it exceeds %.0f %%"
        % (result["rounds_done"], QUIET_SPREAD * 100)
    )
    for group in dict.fromkeys(row["set"] for row in summary["rows"]):
        for measure in TITLES if with_details and group != "micro" else ("time_s", "peak_rss_kib"):
            lines += table(summary, group, measure)
    return "\n".join(lines + mean_lines(summary) + failure_lines(summary))
