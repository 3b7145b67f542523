#!/bin/sh
# SPDX-License-Identifier: MIT
# CPython: JSON, dictionaries, object churn. Python's own small-object allocator is switched off
# in the first three rows; `default` shows what is left for malloc when it is on.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    printf 'python3 %s\n' json dict objects default 'pass rss-only'
}

# The first python3 that is a program itself; version managers put a script in its place.
python()
{
    for candidate in /usr/bin/python3 /usr/local/bin/python3 "$(command -v python3 || true)"; do
        [ -x "$candidate" ] || continue
        case $(head -c 4 "$candidate" | tr -d '\177') in
        ELF) echo "$candidate" && return ;;
        esac
    done
}

lm_setup()
{
    [ -n "$(python)" ] || {
        echo "python3 is not installed"
        exit 77
    }
    cat >work.py <<'PY'
import json
import random
import sys


def do_json(rounds):
    rng = random.Random(1)
    data = [{"id": i, "name": "user%d" % i, "tags": [str(rng.random()) for _ in range(8)],
             "nested": {"a": [i] * 5, "b": {"c": None, "d": True}}} for i in range(12000)]
    for _ in range(rounds):
        data = json.loads(json.dumps(data))


def do_dict(rounds):
    for seed in range(rounds):
        rng = random.Random(seed)
        table = {}
        for i in range(150000):
            table["key%d" % rng.randrange(200000)] = [i, str(i)]
        for key in list(table)[::2]:
            del table[key]
        groups = {}
        for key, value in table.items():
            groups.setdefault(key[-2:], []).append(value)


class Node:
    def __init__(self, left, right):
        self.left = left
        self.right = right
        self.label = "node"


def tree(depth):
    return Node(tree(depth - 1), tree(depth - 1)) if depth else Node(None, None)


def do_objects(rounds):
    kept = tree(14)
    for i in range(rounds):
        tree(13)
        lines = ["%d:%s" % (n, "x" * (n % 200)) for n in range(30000)]
        text = "\n".join(lines)
        kept.label = sorted(text.split("\n"))[i]


WORK = {"json": do_json, "dict": do_dict, "objects": do_objects}
for name, rounds in zip(sys.argv[1::2], sys.argv[2::2]):
    WORK[name](int(rounds))
PY
}

lm_run()
{
    # -S: no site packages, so that the row does not depend on what is installed
    case $1 in
    'python3 json') PYTHONMALLOC=malloc $LM_LAUNCH "$(python)" -S work.py json 7 ;;
    'python3 dict') PYTHONMALLOC=malloc $LM_LAUNCH "$(python)" -S work.py dict 2 ;;
    'python3 objects') PYTHONMALLOC=malloc $LM_LAUNCH "$(python)" -S work.py objects 30 ;;
    'python3 default') $LM_LAUNCH "$(python)" -S work.py json 2 dict 1 objects 4 ;;
    'python3 pass') $LM_LAUNCH "$(python)" -S -c pass ;;
    *) lm_die "no row named $1" ;;
    esac
}

lm_driver "$@"
