#!/bin/bash
# SPDX-License-Identifier: MIT
# python3.sh - CPython's own tests pass under the library, with pymalloc and with our malloc alone.
. "${0%/*}/lib.sh"

# The first python3 in PATH may come without its tests; Debian's has them in a package of its own.
find_python() {
    local candidate
    for candidate in /usr/bin/python3 python3 /usr/local/bin/python3; do
        "$candidate" -c 'import test.test_list, test.libregrtest' 2>/dev/null || continue
        "$candidate" -c 'import sys; print(sys.executable)'
        return
    done
}
python=$(find_python)
[ -n "$python" ] ||
    skip_all "no python3 with its test package is installed (Debian: libpython3.*-testsuite)"

# The result line of unittest ("Ran 47 tests in 0.2s") holds a time.
own_tests() {
    mkdir tmp
    TMPDIR=$run/tmp "$python" -B -m unittest -q "$@" >log 2>&1
    local status=$?
    sed -n -e 's/ in [0-9.]*s$//' -e '/^Ran /p' -e '/^OK/p' -e '/^FAILED/p' -e '/^FAIL:/p' log
    [ "$status" = 0 ] || tail -n 30 log >&2
    rm -rf log tmp
    return "$status"
}
own_tests_with_our_malloc_alone() {
    PYTHONMALLOC=malloc own_tests "$@"
}

plan 7
compare "test_list, test_dict, test_json" own_tests test.test_list test.test_dict test.test_json
loaded_in "${python##*/}"
compare "test_list, test_dict, test_json without pymalloc" \
    own_tests_with_our_malloc_alone test.test_list test.test_dict test.test_json
compare "test_threading without pymalloc" own_tests_with_our_malloc_alone test.test_threading
compare "test_mmap" own_tests test.test_mmap
compare "a program with many objects" "$python" -c '
import gc, json
table = {i: ["x" * (i % 97), (i, str(i))] for i in range(200000)}
for i in range(0, 200000, 3):
    del table[i]
gc.collect()
print(sum(len(v[0]) for v in table.values()), len(json.dumps(list(table.items()))))'
loader_records=no
# From 3.14 on one of these tests is skipped where it sees LD_PRELOAD.
subprocess_tests() {
    own_tests_with_our_malloc_alone test.test_subprocess | sed 's/^OK (skipped=[0-9]*)$/OK/'
    return "${PIPESTATUS[0]}"
}
compare "test_subprocess without pymalloc" subprocess_tests
finish
