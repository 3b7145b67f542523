#!/bin/bash
# SPDX-License-Identifier: MIT
# lua.sh - lua tables, strings and coroutines, with a collector that frees all the time.
. "${0%/*}/lib.sh"
lua=$(command -v lua5.4 || command -v lua5.3 || command -v lua || true)
[ -n "$lua" ] || skip_all "lua is not installed"
plan 2

cat >"$work/tables.lua" <<'EOL'
collectgarbage("setpause", 110)
local state = 42
local function random(n) state = (state * 1103515245 + 12345) % 2147483648; return state % n end
local live, sum = {}, 0
for i = 1, 400000 do
    local k = random(5000)
    local t = { key = k, text = string.rep("x", random(200)), list = {} }
    for j = 1, random(6) do t.list[j] = i + j end
    live[k] = t
end
for k = 0, 4999 do if live[k] then sum = sum + #live[k].text + #live[k].list end end
local makers = {}
for i = 1, 2000 do makers[i] = coroutine.wrap(function() for j = 1, 5 do coroutine.yield(i * j) end end) end
for j = 1, 5 do for i = 1, 2000 do sum = sum + makers[i]() end end
local parts = {}
for i = 1, 50000 do parts[#parts + 1] = tostring(i) end
print(sum, #table.concat(parts, ","), (string.gsub(table.concat(parts), "12", "")):len())
EOL
compare "tables, coroutines and strings" "$lua" "$work/tables.lua"
loaded_in "${lua##*/}"
finish
