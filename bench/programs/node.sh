#!/bin/sh
# SPDX-License-Identifier: MIT
# node: the part of a JavaScript server that lives outside of V8's heap: buffers, compression,
# text encoding.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo node
}

lm_setup()
{
    lm_need node
    cat >work.js <<'JS'
'use strict';
const zlib = require('zlib');
const crypto = require('crypto');
let seed = 1;
const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
const kept = [];
for (let i = 0; i < 200000; i++) {
  const b = Buffer.allocUnsafeSlow(64 + random(8000));
  b[0] = i;
  kept[random(3000)] = b;
}
for (let i = 0; i < 2000; i++) {
  const record = { id: i, tags: Array.from({ length: 60 }, (_, n) => 'tag' + random(1000) + n) };
  const packed = zlib.deflateSync(Buffer.from(JSON.stringify(record)));
  const text = zlib.inflateSync(packed).toString();
  kept[i] = crypto.createHash('sha256').update(text).digest();
}
JS
}

lm_run()
{
    $LM_LAUNCH node --single-threaded work.js
}

lm_driver "$@"
