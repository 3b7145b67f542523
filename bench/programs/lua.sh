#!/bin/sh
# SPDX-License-Identifier: MIT
# Lua: tables, strings and closures; every object is one malloc.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo lua
}

lua()
{
    command -v lua5.4 || command -v lua5.3 || command -v lua || true
}

lm_setup()
{
    [ -n "$(lua)" ] || {
        echo "lua is not installed"
        exit 77
    }
    cat >work.lua <<'LUA'
local function tree(depth)
  if depth == 0 then return {} end
  return { tree(depth - 1), tree(depth - 1) }
end
local kept = tree(15)
local words = {}
for round = 1, 16 do
  tree(14)
  for i = 1, 40000 do
    words[i] = ("w"):rep(i % 60) .. (i * round)
  end
  local count = {}
  for _, w in ipairs(words) do
    local k = w:sub(-3)
    count[k] = (count[k] or 0) + #w:upper()
  end
  local fs = {}
  for i = 1, 40000 do fs[i] = function() return i + round end end
  local sum = 0
  for i = 1, #fs do sum = sum + fs[i]() end
  kept[round + 2] = table.concat(words, ",", 1, 5000)
end
LUA
}

lm_run()
{
    $LM_LAUNCH "$(lua)" work.lua
}

lm_driver "$@"
