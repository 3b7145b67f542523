#!/bin/sh
# SPDX-License-Identifier: MIT
# redis-server under redis-benchmark with pipelining. The server is the program under test; the
# wall time is the client's, so start and end of the server do not count.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    printf 'redis %s\n' set-get lpush
}

lm_setup()
{
    lm_need redis-server redis-benchmark redis-cli date
}

client()
{
    redis-benchmark -s "$PWD/redis.sock" -q -P 32 -c 20 "$@" >bench.log
}

# Distinct keys and sizes: three passes with other value sizes overwrite one another.
load_set_get()
{
    for size in 32 400 150; do
        client -t set -r 100000 -n 300000 -d "$size"
    done
    client -t get -r 100000 -n 300000
}

load_lpush()
{
    client -t lpush -n 600000 -d 60
    client -t lpop -n 300000 -d 60
    client -t sadd,hset,zadd -r 20000 -n 100000 -d 60
}

lm_run()
{
    case $1 in
    'redis set-get') load=load_set_get ;;
    'redis lpush') load=load_lpush ;;
    *) lm_die "no row named $1" ;;
    esac
    rm -f redis.sock
    $LM_LAUNCH redis-server --port 0 --unixsocket "$PWD/redis.sock" --save '' --appendonly no \
        --dir "$PWD" >server.log 2>&1 &
    server=$!
    tries=0
    until [ "$(redis-cli -s "$PWD/redis.sock" ping 2>/dev/null)" = PONG ]; do
        tries=$((tries + 1))
        [ "$tries" -le 200 ] || lm_die "redis-server does not answer: $(tail -n 1 server.log)"
        kill -0 "$server" 2>/dev/null || lm_die "redis-server ended: $(tail -n 1 server.log)"
        sleep 0.02
    done
    start=$(date +%s.%N)
    $load
    end=$(date +%s.%N)
    redis-cli -s "$PWD/redis.sock" shutdown nosave
    wait "$server"
    echo "$start $end" | awk '{ printf "%.6f\n", $2 - $1 }' >"$LM_WALL_FILE"
}

lm_driver "$@"
