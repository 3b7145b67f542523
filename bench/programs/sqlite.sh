#!/bin/sh
# SPDX-License-Identifier: MIT
# sqlite3 on an in-memory database: inserts, indexes, joins, text functions, deletes.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo sqlite3
}

lm_setup()
{
    lm_need sqlite3
    cat >work.sql <<'SQL'
PRAGMA temp_store = MEMORY;
CREATE TABLE item (id INTEGER PRIMARY KEY, owner INTEGER, name TEXT, body TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
INSERT INTO item SELECT i, (i * 7919) % 5003, printf('item-%07d', (i * 104729) % 1000003),
    substr(hex(i * 2654435761), 1, 4 + i % 12) || printf('%.*c', i % 150, 'x') FROM n;
CREATE INDEX item_owner ON item (owner);
CREATE INDEX item_name ON item (name);
CREATE TEMP TABLE total AS
    SELECT owner, count(*) AS items, group_concat(name, ',') AS names FROM item GROUP BY owner;
SELECT sum(length(upper(names))) FROM total;
SELECT count(*) FROM item a JOIN item b ON a.name = b.name JOIN total t ON t.owner = b.owner
    WHERE t.items > 10;
UPDATE item SET body = body || name WHERE owner % 3 = 0;
DELETE FROM item WHERE id % 4 = 1;
SELECT count(DISTINCT substr(body, 1, 6)) FROM item;
SELECT sum(length(body)) FROM (SELECT body FROM item ORDER BY body DESC LIMIT 50000);
SQL
}

lm_run()
{
    $LM_LAUNCH sqlite3 -batch :memory: '.read work.sql' >result
}

lm_driver "$@"
