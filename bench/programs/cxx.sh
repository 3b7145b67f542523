#!/bin/sh
# SPDX-License-Identifier: MIT
# C++ compilers on one large generated translation unit, preprocessed beforehand.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo cc1plus
    if command -v clang++ >/dev/null 2>&1; then echo clang++; fi
}

# Many small classes, templates and lambdas over the containers of the standard library.
generate()
{
    cat <<'CXX'
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>
CXX
    awk 'BEGIN {
        for (i = 0; i < 6; i++) {
            printf "struct Item%d { int key; std::string name; double weight[%d];\n", i, i + 1
            printf "  bool operator<(const Item%d &o) const { return key < o.key; } };\n", i
            printf "template <typename T> struct Shelf%d {\n", i
            printf "  std::vector<T> items; std::map<std::string, T> index;\n"
            printf "  void put(T t) { index.emplace(t.name, t); items.push_back(std::move(t)); }\n"
            printf "  template <typename F> double sum(F f) const { double s = 0;\n"
            printf "    for (auto &t : items) s += f(t) * %d; return s; } };\n", i + 3
            printf "double work%d(int n) { Shelf%d<Item%d> shelf;\n", i, i, i
            printf "  std::unordered_map<int, std::string> names; std::set<Item%d> sorted;\n", i
            printf "  std::variant<int, std::string, Item%d> any = n;\n", i
            printf "  for (int k = 0; k < n; k++) {\n"
            printf "    Item%d t{k, std::to_string(k + %d), {}};\n", i, i
            printf "    names[k] = t.name; sorted.insert(t); any = t; shelf.put(std::move(t)); }\n"
            printf "  std::function<double(const Item%d &)> f = [&](const Item%d &t) {\n", i, i
            printf "    return t.weight[0] + names.size(); };\n"
            printf "  std::sort(shelf.items.begin(), shelf.items.end());\n"
            printf "  return shelf.sum(f) + sorted.size() + any.index(); }\n"
        }
    }'
}

lm_setup()
{
    lm_need g++ awk
    generate >unit.cc
    g++ -std=c++17 -E unit.cc -o gcc.ii
    if command -v clang++ >/dev/null 2>&1; then
        clang++ -std=c++17 -E unit.cc -o clang.ii
    fi
}

lm_run()
{
    case $1 in
    cc1plus)
        $LM_LAUNCH "$(g++ -print-prog-name=cc1plus)" -quiet -fpreprocessed -std=c++17 -O1 \
            gcc.ii -o unit.s
        ;;
    clang++) $LM_LAUNCH clang++ -std=c++17 -O1 -w -c clang.ii -o unit.o ;;
    *) lm_die "no row named $1" ;;
    esac
}

lm_driver "$@"
