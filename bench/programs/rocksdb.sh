#!/bin/sh
# SPDX-License-Identifier: MIT
# RocksDB's own db_bench: random fills, overwrites and reads. Without a write-ahead log, so the
# disk matters little.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo rocksdb
}

lm_setup()
{
    lm_need db_bench
}

lm_run()
{
    rm -rf db
    $LM_LAUNCH db_bench --db="$PWD/db" --benchmarks=fillrandom,overwrite,readrandom,readseq \
        --num=120000 --reads=120000 \
        --value_size=200 --threads=1 --seed=7 --disable_wal=1 --sync=0 --compression_type=none \
        --write_buffer_size=4194304 --cache_size=8388608 --statistics=0 >result 2>&1
}

lm_driver "$@"
