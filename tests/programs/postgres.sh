#!/bin/bash
# SPDX-License-Identifier: MIT
# postgres.sh - initdb and pgbench: forked servers that share nothing but memory maps.
. "${0%/*}/lib.sh"
bin=$(find /usr/lib/postgresql/*/bin /usr/local/pgsql/bin -maxdepth 0 2>/dev/null | sort -V | tail -n 1)
if [ ! -x "$bin/initdb" ] || [ ! -x "$bin/pgbench" ]; then
    skip_all "postgresql is not installed"
fi
PATH=$bin:$PATH

# The server refuses to be root; its user may not be able to read the build folder.
as_server_user=()
if [ "$(id -u)" = 0 ]; then
    id -u postgres >/dev/null 2>&1 || skip_all "root cannot run postgres, and there is no user postgres"
    need setpriv
    as_server_user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    cp "$library" "$work/under-test.so" && chmod 755 "$work/under-test.so"
    library=$work/under-test.so
fi
plan 2

# SQL comes from stdin.
ask() { psql -X -q -A -t -h "$PWD" -U owner -v ON_ERROR_STOP=1 postgres; }
answers() { ask <<<'select 1'; }
load() {
    pgbench -h "$PWD" -U owner -i -q -s 2 postgres &&
        pgbench -h "$PWD" -U owner -c 6 -j 2 -t 300 --random-seed=7 postgres
}
database_under_load() {
    "${as_server_user[@]}" initdb -D "$PWD/data" -U owner -A trust -E UTF8 --no-sync >initdb.log 2>&1 ||
        { tail initdb.log >&2; return 1; }
    serve "${as_server_user[@]}" postgres -D "$PWD/data" -k "$PWD" -c listen_addresses= \
        -c fsync=off -c shared_buffers=32MB -c work_mem=1MB -c timezone=UTC
    wait_for answers || { tail server.log >&2; return 1; }
    load >pgbench.log 2>&1 || { tail pgbench.log >&2; return 1; }
    # The balance that pgbench keeps is the sum of its history, whatever the order was.
    ask <<'EOQ' || return 1
select count(*) from pgbench_history;
select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history),
       (select sum(bbalance) from pgbench_branches) = (select sum(delta) from pgbench_history);
create table t as select i, md5(i::text) h, repeat('x', i % 900) r from generate_series(1, 40000) i;
create index on t using gin (to_tsvector('english', h));
select h, string_agg(i::text, ',' order by i) from (select left(h, 1) h, i from t) s group by h order by h;
select jsonb_agg(to_jsonb(t) order by i) -> 77 from t where i < 5000;
select sum(length(a.r)) from t a join t b on a.h > b.h and left(a.h, 3) = left(b.h, 3);
do $$ declare s text := ''; begin for i in 1..20000 loop s := s || md5(i::text); end loop;
    raise notice '%', md5(s); end $$;
EOQ
    pg_dump -h "$PWD" -U owner -t t postgres | grep -v -E '^-- Dumped|restrict' | sha1sum
    stop_server INT || { tail server.log >&2; return 1; }
    rm -rf data ./*.log .s.*
}
compare "initdb, pgbench, queries and a dump" database_under_load
loaded_in postgres psql pgbench
finish
