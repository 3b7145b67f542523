#!/bin/bash
# SPDX-License-Identifier: MIT
# gcc.sh - gcc and g++ make the same object files of large sources.
. "${0%/*}/lib.sh"
need gcc g++ perl
plan 4

cat >"$work/generate.pl" <<'EOP'
# 1500 functions of some variety, each calling the one before it.
print "#include <stdio.h>\n#include <string.h>\nstruct node { struct node *next; int v[4]; };\n";
print "static int f0(struct node *n, int x) { return n ? n->v[x & 3] : x; }\n";
for my $i (1 .. 1500) {
    my $p = $i - 1;
    print "static int f$i(struct node *n, int x)\n{\n    char text[", 16 + $i % 50, "];\n";
    print "    for (int i = 0; i < (x & ", $i % 31, "); i++)\n";
    print "        x = x * ", $i * 7919 % 65521, " + (n && n->next ? f$p(n->next, x ^ i) : i);\n";
    print "    switch (x & 7) {\n";
    print "    case $_: x += ", ($i * $_) % 97, "; break;\n" for 0 .. 6;
    print "    default: snprintf(text, sizeof text, \"f$i %d\", x); x ^= (int)strlen(text);\n    }\n";
    print "    return x;\n}\n";
}
print "int last(struct node *n, int x) { return f1500(n, x); }\n";
EOP
perl "$work/generate.pl" >"$work/large.c"
cat >"$work/large.cc" <<'EOC'
#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <string>
#include <variant>
#include <vector>
template <int N> struct chain {
    std::map<std::string, std::vector<std::variant<int, std::string, std::vector<int>>>> table;
    int use(std::function<int(int)> f) { return f(N) + chain<N - 1>().use(f); }
};
template <> struct chain<0> {
    int use(std::function<int(int)> f) { return f(0); }
};
int count(std::string s)
{
    std::regex word("[a-z]+");
    std::vector<std::string> words(std::sregex_token_iterator(s.begin(), s.end(), word), {});
    std::sort(words.begin(), words.end());
    return chain<120>().use([&](int n) { return n + (int)words.size(); });
}
EOC
compare "gcc -O2 -g on a large C file" gcc -O2 -g -pipe -c "$work/large.c" -o large.o
loaded_in gcc cc1 as
compare "g++ -O1 -g on templates" g++ -std=c++17 -O1 -g -c "$work/large.cc" -o large.o
loaded_in g++ cc1plus as
finish
