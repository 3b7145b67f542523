#!/bin/bash
# SPDX-License-Identifier: MIT
# sqlite3.sh - a database in memory and one in a file come out the same.
. "${0%/*}/lib.sh"
need sqlite3
plan 3

cat >"$work/queries.sql" <<'EOS'
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, weight REAL, tags TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
INSERT INTO item SELECT i, 'name' || (i * 7919 % 120011), i * 0.37,
    json_array(i % 7, 'tag' || i % 97, i % 1000) FROM n;
CREATE INDEX by_name ON item(name);
CREATE INDEX by_tag ON item(json_extract(tags, '$[1]'));
SELECT count(*), round(sum(weight), 3) FROM item WHERE name LIKE 'name1%';
SELECT json_extract(tags, '$[1]') AS t, count(*) FROM item GROUP BY t ORDER BY t;
SELECT a.id, b.name FROM item a JOIN item b ON b.id = a.id * 3 % 120000 + 1
    WHERE a.id % 997 = 0 ORDER BY b.name;
SELECT group_concat(name, ';') FROM (SELECT name FROM item WHERE id % 50 = 0 ORDER BY name DESC);
SELECT id, sum(weight) OVER (PARTITION BY id % 10 ORDER BY id) FROM item WHERE id % 4001 < 3;
DELETE FROM item WHERE id % 3 = 0;
UPDATE item SET name = name || name WHERE id % 5 = 0;
VACUUM;
PRAGMA integrity_check;
SELECT count(*), sum(length(name)) FROM item;
EOS
in_memory() { sqlite3 :memory: <"$work/queries.sql"; }
in_a_file() { sqlite3 base.db <"$work/queries.sql" && sqlite3 base.db .dump | sha1sum; }
compare "a database in memory" in_memory
loaded_in sqlite3
compare "a database in a file" in_a_file
finish
