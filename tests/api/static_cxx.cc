// SPDX-License-Identifier: MIT
//
// A static program in C++: containers, threads, bad_alloc. Built by static.sh.
#include "../tap.h"

#include <libmalloc.h>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

int main()
{
    std::map<int, std::string> map;
    auto pointer = std::make_unique<int>(5);
    volatile size_t too_much = SIZE_MAX / 2 - 100;
    bool thrown = false;

    for (int i = 0; i < 1000; i++)
        map[i] = std::string(size_t(i), 'x');
    tap_ok(lm_owns(pointer.get()) && lm_owns(map[500].data()), "new is served by libmalloc.a");
    try {
        std::vector<char> vector(too_much);
        tap_diag("%zu", vector.size());
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    tap_ok(thrown, "bad_alloc is thrown");
    for (int i = 0; i < 20; i++)
        std::thread([&map, i] { map[i] = std::string(5000, 'y'); }).join();
    tap_ok(map[19].size() == 5000, "threads come and go");
    return tap_done();
}
