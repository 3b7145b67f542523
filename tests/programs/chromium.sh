#!/bin/bash
# SPDX-License-Identifier: MIT
# chromium.sh - chromium, without a screen, draws the same page; a blank one does not count.
. "${0%/*}/lib.sh"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
[ -n "$browser" ] || skip_all "chromium is not installed"
plan 3

cat >"$work/page.html" <<'EOH'
<!doctype html><meta charset="utf-8"><title>page</title>
<style>body { font: 20px monospace; margin: 20px; background: #fed }
td { border: 1px solid #246; padding: 2px 6px } canvas { border: 2px solid red }</style>
<h1>Drawn under another allocator</h1><canvas id="c" width="560" height="160"></canvas>
<table id="t"></table>
<script>
const draw = document.getElementById('c').getContext('2d');
for (let i = 0; i < 280; i++) {
    draw.fillStyle = `rgb(${i % 256}, ${(i * 7) % 256}, ${(i * 13) % 256})`;
    draw.fillRect(2 * i, 80 - 70 * Math.sin(i / 20), 2, 70);
}
let kept = [];
for (let i = 0; i < 100000; i++) { kept.push({ i, s: 's'.repeat(i % 50) }); if (i % 3) kept.pop(); }
for (let r = 0; r < 12; r++) {
    const row = document.getElementById('t').insertRow();
    for (let c = 0; c < 8; c++) row.insertCell().textContent = (r * 8 + c) ** 3 % kept.length;
}
</script>
EOH
# On a busy machine a picture may lack a tile that is not painted yet: two in a row have to be the same.
screenshot() {
    local try flags=(--headless --disable-gpu --disable-quic --no-first-run --disable-sync
        --disable-background-networking --disable-component-update --disable-dev-shm-usage
        --hide-scrollbars --window-size="640,500" --force-device-scale-factor=1
        --run-all-compositor-stages-before-draw --virtual-time-budget=10000)
    [ "$(id -u)" != 0 ] || flags+=(--no-sandbox)
    for try in 1 2 3 4 5 6; do
        HOME=$run "$browser" "${flags[@]}" --user-data-dir="$run/profile$try" \
            --screenshot="$run/shot.png" "file://$work/page.html" >log 2>&1 || { tail log >&2; return 1; }
        ! cmp -s shot.png last.png || break
        cp shot.png last.png
    done
    find . -mindepth 1 -maxdepth 1 ! -name shot.png -exec rm -rf {} +
}
compare "a screenshot of a page with a canvas and a table" screenshot
if [ "${browser##*/}" = google-chrome ]; then loaded_in chrome; else loaded_in chromium; fi
# A page of one colour packs to about 2 KB.
if [ $compared = no ]; then
    skip "the screenshot is not blank" "nothing was run"
elif [ "$(stat -c %s "$work/ours/files/shot.png" 2>/dev/null || echo 0)" -gt 10000 ]; then
    ok "the screenshot is not blank"
else
    not_ok "the screenshot is not blank"
fi
finish
