# SPDX-License-Identifier: MIT
"""The comparison as one self-contained HTML page: no script, nothing loaded from anywhere.

Owns: the page. The bars are ratios to the best peer of their row; absolute medians stand beside
them.
"""

import html
import math
import os

from text import TITLES, row_scale, significant

# bars longer than this are cut, and say so
LONGEST = 4.0
KNOWN_COLOURS = {
    "ours": "#d62728",
    "glibc": "#4e79a7",
    "jemalloc": "#f28e2b",
    "mimalloc": "#b07aa1",
    "tcmalloc": "#76b7b2",
    "tbbmalloc": "#9c755f",
    "rpmalloc": "#59a14f",
}
OTHER_COLOURS = ("#edc948", "#ff9da7", "#bab0ac", "#1b4f8a", "#6b6b00")
# geometry of the corner plot, in pixels
PLOT_WIDTH, PLOT_HEIGHT, PLOT_MARGIN = 560, 340, 46
TICK_STEPS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000)


def colours(summary):
    """The known names always have the same colour; others take what is left."""
    chosen = {name: KNOWN_COLOURS.get(name) for name in summary["names"]}
    others = [name for name in summary["names"] if chosen[name] is None]
    for i, name in enumerate(others):
        chosen[name] = OTHER_COLOURS[i % len(OTHER_COLOURS)]
    return chosen


def percent(ratio):
    return 100.0 * min(ratio, LONGEST) / LONGEST


def bar(name, entry, measure, scale, best, colour):
    """One line: name, bar with a dot per run and the interval, value."""
    name_cell = '<span class="n">%s</span>' % html.escape(name)
    if entry is None or "failure" in entry:
        why = html.escape(entry["failure"] if entry else "not run")
        return (
            '<div class="b">%s<span class="t"><i class="f" title="%s">%s</i></span>'
            '<span class="v">&ndash;</span></div>' % (name_cell, why, why)
        )
    ratio = entry[measure] / best
    low, high = (value / best for value in entry[measure + "_95"])
    marks = (
        '<i class="w" style="left:%.2f%%;width:%.2f%%"></i>'
        % (percent(low), percent(high) - percent(low))
        if low < LONGEST
        else ""
    )
    marks += "".join(
        '<i class="d" style="left:%.2f%%"></i>' % percent(value / best)
        for value in entry[measure + "_all"]
        if value / best < LONGEST
    )
    cut = " cut" if ratio > LONGEST else ""
    return (
        '<div class="b">%s<span class="t">'
        '<i class="r%s" style="width:%.2f%%;background:%s"></i>%s</span>'
        '<span class="v"><b>%s</b> %.2f&times;</span></div>'
        % (
            name_cell,
            cut,
            percent(ratio),
            colour,
            marks,
            significant(entry[measure] / scale),
            ratio,
        )
    )


def bars(summary, row, measure, palette):
    if measure == "time_s" and row["rss_only"]:
        return '<div class="c"><h4>time</h4><p class="s">peak RSS only</p></div>'
    scale, unit = row_scale(row, measure)
    values = [
        row["allocators"][name][measure]
        for name in summary["peers"]
        if row["allocators"].get(name, {}).get(measure)
    ]
    best = min(values) if values else 1.0
    lines = "".join(
        bar(name, row["allocators"].get(name), measure, scale, best, palette[name])
        for name in summary["names"]
    )
    return '<div class="c"><h4>%s, %s</h4>%s</div>' % (
        "time" if measure == "time_s" else "peak RSS",
        unit,
        lines,
    )


def axis(values):
    """Both ends of an axis that has 1 on it, and the distance of its ticks."""
    least, most = min(1.0, *values), max(1.1, *values)
    step = next(s for s in TICK_STEPS if (most - least) / s <= 6)
    return 1 - math.ceil((1 - least) / step) * step, 1 + math.ceil((most - 1) / step) * step, step


def plot_x(value, ends):
    part = (value - ends[0]) / (ends[1] - ends[0])
    return PLOT_MARGIN + part * (PLOT_WIDTH - 2 * PLOT_MARGIN)


def plot_y(value, ends):
    part = (value - ends[0]) / (ends[1] - ends[0])
    return PLOT_HEIGHT - PLOT_MARGIN - part * (PLOT_HEIGHT - 2 * PLOT_MARGIN)


def ticks(ends):
    low, high, step = ends
    return [low + i * step for i in range(round((high - low) / step) + 1)]


def plot_grid(x_axis, y_axis):
    parts = []
    low, right, bottom = PLOT_MARGIN, PLOT_WIDTH - PLOT_MARGIN, PLOT_HEIGHT - PLOT_MARGIN
    line = '<line class="%s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>'
    label = '<text x="%.1f" y="%.1f" text-anchor="%s">%.4g</text>'
    for value in ticks(x_axis):
        x, kind = plot_x(value, x_axis), "g one" if abs(value - 1) < 1e-9 else "g"
        parts.append(line % (kind, x, x, low, bottom) + label % (x, bottom + 16, "middle", value))
    for value in ticks(y_axis):
        y, kind = plot_y(value, y_axis), "g one" if abs(value - 1) < 1e-9 else "g"
        parts.append(line % (kind, low, right, y, y) + label % (low - 6, y + 4, "end", value))
    return "".join(parts)


def corner_plot(summary, group, palette):
    """Time against memory; the lower left corner is where everybody wants to be."""
    time = summary["groups"][group]["time"]["means"]
    rss = summary["groups"][group]["peak_rss"]["means"]
    names = [name for name in summary["names"] if name in time and name in rss]
    if not names:
        return ""
    x_axis = axis([time[name] for name in names])
    y_axis = axis([rss[name] for name in names])
    dots = []
    placed = []
    for name in sorted(names, key=lambda n: rss[n]):
        x = plot_x(time[name], x_axis)
        y = plot_y(rss[name], y_axis)
        label_y = y + 4
        # labels of neighbours must not lie on each other
        while any(abs(label_y - other[1]) < 14 and abs(x - other[0]) < 90 for other in placed):
            label_y -= 14
        placed.append((x, label_y))
        on_left = x > PLOT_WIDTH - PLOT_MARGIN - 80
        dots.append('<circle cx="%.1f" cy="%.1f" r="6" fill="%s"/>' % (x, y, palette[name]))
        dots.append(
            '<text class="l" x="%.1f" y="%.1f" text-anchor="%s">%s</text>'
            % (
                x - 10 if on_left else x + 10,
                label_y,
                "end" if on_left else "start",
                html.escape(name),
            )
        )
    title = '<figure><figcaption>%s</figcaption><svg viewBox="0 0 %d %d" width="%d" height="%d">'
    titles = (
        '<text x="%d" y="%d" text-anchor="middle">time, x best peer of each row</text>'
        '<text transform="translate(12 %d) rotate(-90)" text-anchor="middle">'
        "peak RSS, x best peer of each row</text></svg></figure>"
    )
    return (
        title % (html.escape(group), PLOT_WIDTH, PLOT_HEIGHT, PLOT_WIDTH, PLOT_HEIGHT)
        + plot_grid(x_axis, y_axis)
        + "".join(dots)
        + titles % (PLOT_WIDTH // 2, PLOT_HEIGHT - 12, PLOT_HEIGHT // 2)
    )


def means_table(summary):
    names = summary["names"]
    lines = [
        "<tr><th>geometric mean of ratio to each row's best peer</th><th>rows</th>%s"
        "<th>best single peer</th></tr>"
        % "".join("<th>%s</th>" % html.escape(name) for name in names)
    ]
    for group, figures in summary["groups"].items():
        for what, label, best in (
            ("time", "time", "fastest_peer"),
            ("peak_rss", "peak RSS", "leanest_peer"),
        ):
            if not figures[what]["rows"]:
                continue
            values = figures[what]["means"]
            least = min(values.values())
            cells = "".join(
                "<td%s>%.2f</td>" % (' class="m"' if values[name] == least else "", values[name])
                for name in names
            )
            lines.append(
                "<tr><td>%s, %s</td><td>%d</td>%s<td>%s</td></tr>"
                % (
                    html.escape(group),
                    label,
                    figures[what]["rows"],
                    cells,
                    html.escape(figures[best] or "-"),
                )
            )
    return "<table>%s</table>" % "".join(lines)


def details_table(summary, group):
    """The measures that have no bars."""
    names = summary["names"]
    head = "".join("<th>%s</th>" % html.escape(name) for name in names)
    lines = ["<tr><th>row</th><th>measure</th>%s</tr>" % head]
    for row in summary["rows"]:
        if row["set"] != group:
            continue
        for measure in ("cpu_s", "minor_faults"):
            scale, unit = row_scale(row, measure)
            values = [row["allocators"].get(name, {}).get(measure) for name in names]
            cells = "".join(
                "<td>%s</td>" % ("&ndash;" if v is None else significant(v / scale)) for v in values
            )
            label = ("%s, %s" % (TITLES[measure], unit)).rstrip(", ")
            lines.append(
                "<tr><td>%s</td><td>%s</td>%s</tr>" % (html.escape(row["name"]), label, cells)
            )
    title = "user + system time and page faults of the whole process"
    return "<details><summary>%s</summary><table>%s</table></details>" % (title, "".join(lines))


def pairs_table(pairs):
    return "<table>%s</table>" % "".join(
        "<tr><th>%s</th><td>%s</td></tr>" % (html.escape(k), html.escape(str(v))) for k, v in pairs
    )


def method(result):
    pairs = list(result["host"].items())
    pairs += [(a["name"], "%s (%s)" % (a["version"], a["path"])) for a in result["allocators"]]
    pairs += [
        ("command", result["command"]),
        ("order seed", result["seed"]),
        ("time of shapes and programs", result["time"]),
        ("rounds", "%d of %d" % (result["rounds_done"], result["rounds"])),
    ]
    pairs += [("skipped", line) for line in result["skipped"]]
    return (
        "<p>Every cell is a fresh process with the allocator preloaded, glibc too; /proc/PID/maps "
        "proved at its exit that the library was there. Rounds visit all cells in random order. "
        "Bars are medians relative to the best peer of the row, whiskers are 95 % bootstrap "
        "intervals of the median, dots are single runs; bars beyond 4&times; are cut with a notch. "
        "Peak RSS is that of the process "
        "under test or of its largest child.</p>" + pairs_table(pairs)
    )


def render(result):
    summary = result["summary"]
    palette = colours(summary)
    with open(
        os.path.join(os.path.dirname(os.path.abspath(__file__)), "page.css"), encoding="utf-8"
    ) as file:
        style = file.read()
    legend = "".join(
        '<span class="k"><i style="background:%s"></i>%s</span>' % (palette[n], html.escape(n))
        for n in summary["names"]
    )
    groups = list(dict.fromkeys(row["set"] for row in summary["rows"]))
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        "<title>Allocators compared</title><style>",
        style,
        '</style></head><body><h1>Allocators compared</h1><p class="s">',
        html.escape(result["host"]["date"]),
        " &middot; ",
        html.escape(result["host"]["processor"]),
        " &middot; kernel ",
        html.escape(result["host"]["kernel"]),
        "</p>",
        '<div class="p">',
        *(corner_plot(summary, group, palette) for group in summary["groups"]),
        "</div>",
        means_table(summary),
        '<p class="key">',
        legend,
        "</p>",
    ]
    for group in groups:
        parts.append("<h2>%s</h2>" % html.escape(group))
        for row in summary["rows"]:
            if row["set"] == group:
                parts.append(
                    '<section><h3>%s</h3><div class="pair">%s%s</div></section>'
                    % (
                        html.escape(row["name"]),
                        bars(summary, row, "time_s", palette),
                        bars(summary, row, "peak_rss_kib", palette),
                    )
                )
        parts.append(details_table(summary, group))
    parts += ["<h2>How this was measured</h2>", method(result), "</body></html>\n"]
    return "".join(parts)
