#!/bin/bash
# SPDX-License-Identifier: MIT
# The report is one file that a browser shows without a complaint, with everything in it.
# shellcheck disable=SC1091,SC2154
. "${LM_SRCDIR:-.}/bench/fragbench/tests/tap.bash"

"$fragbench" compare -a glibc -a "bump=$paper/fbbump.so" -w drift,park --live=1M --threads=3 \
    --settle=0 -n 2 -o "$work/results" >"$work/table"
page=$work/report.html
makes() {
    "$fragbench" report "$work/results" -o "$page" --csv "$work/csv" --svg "$work/svg"
}
ok a_report_is_made makes

is_alone() { ! grep -Eq '(src|href)=.?(https?:|//)|@import|url\(' "$page"; }
ok the_page_loads_nothing_from_elsewhere is_alone
has_csv() {
    local name
    for name in medians cells checkpoints samples; do
        [ "$(wc -l <"$work/csv/$name.csv")" -gt 2 ] || return 1
        awk -F, 'NR == 1 { n = NF } NF != n { exit 1 }' "$work/csv/$name.csv" || return 1
    done
}
ok the_csv_files_have_rows_of_one_width has_csv
has_svg() {
    local name
    for name in drift park; do
        grep -q '</svg>' "$work/svg/$name-curves.svg" && grep -q polyline "$work/svg/$name-curves.svg" &&
            grep -q '<rect' "$work/svg/$name-stacks.svg" || return 1
    done
}
ok the_pictures_stand_alone has_svg

refuses() { # TEXT-IN-THE-LINE ARGUMENTS...
    local text=$1
    shift
    ! "$fragbench" "$@" >"$work/out" 2>"$work/err" && [ "$(wc -l <"$work/err")" = 1 ] &&
        grep -q -- "$text" "$work/err"
}
: >"$work/empty"
ok an_empty_file_is_refused refuses "no cell" report "$work/empty" -o "$work/x.html"
ok a_missing_file_is_refused refuses "No such file" report "$work/nosuch" -o "$work/x.html"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ]; then
    skip a_browser_shows_it "no chromium"
    plan
    exit 0
fi

# The page's script sets data-ready at its very end, so a script that fails leaves it out.
timeout 90 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync \
    --user-data-dir="$work/profile" --enable-logging=stderr --virtual-time-budget=3000 \
    --dump-dom "file://$page" >"$work/dom" 2>"$work/log"
has_dom() { [ -s "$work/dom" ]; }
if ! has_dom; then
    skip a_browser_shows_it "the browser does not start here"
    plan
    exit 0
fi
no_errors() {
    if grep -E 'CONSOLE' "$work/log"; then
        return 1
    fi
}
ok the_console_is_silent no_errors
is_ready() { grep -q 'data-ready="true"' "$work/dom"; }
ok the_script_ran_to_its_end is_ready
has() { [ "$(grep -o "$1" "$work/dom" | wc -l)" -ge "$2" ]; }
ok the_curves_are_there has 'class="series"' 4
ok the_decomposition_is_there has 'class="stacks"' 2
ok the_size_histogram_is_there has 'class="sizes"' 1
ok two_heap_maps_stand_side_by_side has 'MiB live-dense' 2
ok the_heap_map_has_a_time_slider has 'type="range"' 1
ok the_table_has_a_row_for_each_cell has '<td title=\|<td class="best"' 12
ok the_csv_can_be_downloaded has 'data-csv=' 4
ok it_tells_how_it_was_measured has '<dt>kernel</dt>' 1
plan
