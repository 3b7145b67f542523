#!/bin/bash
# SPDX-License-Identifier: MIT
# redis.sh - redis-server under load and through a background save loses and changes nothing.
. "${0%/*}/lib.sh"
need redis-server redis-cli redis-benchmark
plan 2

ask() { redis-cli -s ./socket "$@"; }
saved() { ask info persistence | grep -q '^rdb_bgsave_in_progress:0'; }

start() {
    serve redis-server --port 0 --unixsocket "$PWD/socket" --save '' --appendonly no --dir "$PWD" \
        --io-threads 2 --io-threads-do-reads yes --dbfilename saved.rdb
    wait_for ask ping || { tail server.log >&2; return 1; }
}

load_and_save() {
    start || return 1
    redis-benchmark -s ./socket -q -c 20 -n 5000 -r 5000 -d 200 -P 8 \
        -t set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100,mset >benchmark.log 2>&1 || return 1
    ask flushall
    ask eval 'for i = 1, 20000 do redis.call("set", "k" .. i, string.rep("v", i % 300))
        redis.call("hset", "h" .. i % 50, "f" .. i, string.rep("v", i % 700))
        redis.call("zadd", "z" .. i % 9, i * 7 % 1009, "m" .. i)
        redis.call("append", "grown", string.rep("x", i % 90)) end return "done"' 0
    ask bgsave
    # Writes while the child saves: copied pages, and frees on both sides.
    redis-benchmark -s ./socket -q -c 10 -n 4000 -r 30000 -d 150 -P 4 -t set >>benchmark.log 2>&1
    wait_for saved || return 1
    ask info persistence | tr -d '\r' | grep -E '^rdb_last_bgsave_status'
    ask memory purge >/dev/null
    stop_server TERM && start || return 1
    ask dbsize && ask strlen grown && ask hgetall h7 | sort && ask zrange z3 0 -1 withscores
    ask get k299 && ask get k300 && ask object encoding h7
    stop_server TERM || return 1
    rm -f ./*.log ./*.rdb socket
}
compare "benchmark, scripts, background save and a restart" load_and_save
loaded_in redis-server redis-cli redis-benchmark
finish
