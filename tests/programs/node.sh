#!/bin/bash
# SPDX-License-Identifier: MIT
# node.sh - node with objects, buffers, zlib and worker threads.
. "${0%/*}/lib.sh"
need node
plan 2

cat >"$work/work.js" <<'EOJ'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const crypto = require('crypto'), zlib = require('zlib');
function busy(seed) {
    let kept = new Map(), x = seed;
    for (let i = 0; i < 60000; i++) {
        x = (x * 1103515245 + 12345) % 2147483648;
        kept.set(x % 2000, { i, b: Buffer.alloc(x % 3000, x & 255), s: 'n'.repeat(x % 50) });
    }
    const hash = crypto.createHash('sha256');
    for (const k of [...kept.keys()].sort((a, b) => a - b)) hash.update(kept.get(k).b);
    return hash.digest('hex');
}
if (isMainThread) {
    const workers = [1, 2, 3, 4].map((n) => new Promise((done, failed) => {
        const w = new Worker(__filename, { workerData: n });
        w.on('message', done).on('error', failed);
    }));
    Promise.all(workers).then((all) => {
        console.log(all.join('\n'), busy(9));
        const packed = zlib.brotliCompressSync(Buffer.from(JSON.stringify(all.map((a) => a.repeat(3000)))));
        const text = zlib.brotliDecompressSync(packed).toString();
        console.log(packed.length, JSON.parse(text)[3].length, zlib.gzipSync(text).length);
    });
} else {
    parentPort.postMessage(busy(workerData));
}
EOJ
compare "four workers, buffers, hashes and compression" node "$work/work.js"
loaded_in node
finish
