#!/bin/sh
# SPDX-License-Identifier: MIT
# Ruby: a hash that grows and sheds, arrays of strings that are sorted, numbers of thousands of digits.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo ruby
}

lm_setup()
{
    lm_need ruby
    cat >work.rb <<'RUBY'
h = {}
300_000.times do |i|
  h["k#{i}"] = [i, i.to_s * 3, { a: i }]
  h.delete("k#{i - 50_000}") if i > 50_000
end
sum = 0
10.times { sum += (0...100_000).map { |i| "x#{i}" }.sort.first(10).join.size }
puts h.size, sum, (1..2000).inject(:*).to_s.size
RUBY
}

lm_run()
{
    $LM_LAUNCH ruby work.rb
}

lm_driver "$@"
