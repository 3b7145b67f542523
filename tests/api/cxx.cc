// SPDX-License-Identifier: MIT
//
// C++ on our malloc: the operators stay libstdc++'s, so bad_alloc, new_handler and aligned new hold
// by the letter; destructors of thread_local objects free what they own.
#include "door.h"

#include <exception>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

static int handler_calls;

static void give_up_after_three()
{
    if (++handler_calls == 3)
        std::set_new_handler(nullptr);
}

static void *reserve;

static void release_reserve()
{
    handler_calls++;
    free(reserve);
    reserve = nullptr;
    std::set_new_handler(nullptr);
}

static bool throws_bad_alloc(size_t size)
{
    try {
        door_hide(::operator new(door_hide_size(size)));
    } catch (const std::bad_alloc &) {
        return true;
    }
    return false;
}

static void too_much()
{
    tap_ok(throws_bad_alloc(SIZE_MAX) && throws_bad_alloc(size_t(PTRDIFF_MAX) + 1),
           "new throws bad_alloc, and it can be caught");
    tap_ok(door_hide(::operator new(door_hide_size(SIZE_MAX), std::nothrow)) == nullptr,
           "new(nothrow) returns a null pointer");
    std::set_new_handler(give_up_after_three);
    tap_ok(throws_bad_alloc(SIZE_MAX - 64) && handler_calls == 3,
           "the new_handler is called until it gives up");
    try {
        std::vector<char> vector;
        vector.resize(vector.max_size());
        tap_ok(false, "a container passes bad_alloc on");
    } catch (const std::bad_alloc &) {
        tap_ok(true, "a container passes bad_alloc on");
    }
}

// Under a limit, the handler frees a reserve and new succeeds.
static int handler_saves()
{
    struct rlimit limit = {160 * MIB, 160 * MIB};

    if (setrlimit(RLIMIT_DATA, &limit) != 0)
        return 9;
    reserve = malloc(100 * MIB);
    if (reserve == nullptr)
        return 8;
    memset(reserve, 1, 100 * MIB);
    handler_calls = 0;
    std::set_new_handler(release_reserve);
    char *block = static_cast<char *>(door_hide(::operator new(90 * MIB)));
    block[90 * MIB - 1] = 1;
    ::operator delete(block);
    return handler_calls == 1 ? 0 : 7;
}

struct alignas(256) Wide {
    char bytes[256];
};

struct alignas(8192) Wider {
    char bytes[100];
};

static void aligned_new()
{
    bool good = true;

    for (int i = 0; i < 200; i++) {
        auto wide = std::make_unique<Wide>();
        auto wider = std::make_unique<Wider[]>(3);
        good = good && door_is_aligned(wide.get(), 256) && door_is_aligned(wider.get(), 8192);
    }
    void *block = ::operator new(100, std::align_val_t(64 * KIB));
    good = good && door_is_aligned(block, 64 * KIB);
    ::operator delete(block, std::align_val_t(64 * KIB));
    tap_ok(good, "aligned new aligns, aligned delete frees");
}

struct Owner {
    std::map<int, std::string> map;
    std::vector<std::unique_ptr<int>> vector;

    Owner()
    {
        for (int i = 0; i < 200; i++) {
            map[i] = std::string(size_t(i), 'x');
            vector.push_back(std::make_unique<int>(i));
        }
    }
    ~Owner()
    {
        // Allocates once more on its way out.
        std::string last(500, 'y');
        map[1000] = last;
    }
};

static thread_local Owner owner;

static void thread_locals()
{
    for (int i = 0; i < 100; i++)
        std::thread([] { owner.map[5] += "z"; }).join();
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 300; i++)
        std::thread([] { owner.map[5] += "z"; }).join();
    tap_ok(mallinfo2().uordblks < before + 64 * KIB,
           "destructors of thread_local objects free what they own");
}

static void exception_without_memory()
{
    std::exception_ptr pointer;

    try {
        throw std::string(1000, 'e');
    } catch (...) {
        pointer = std::current_exception();
    }
    std::string text;
    std::thread([&] {
        try {
            std::rethrow_exception(pointer);
        } catch (const std::string &caught) {
            text = caught;
        }
    }).join();
    tap_ok(text.size() == 1000, "an exception crosses threads");
}

int main()
{
    door_open();
    too_much();
    tap_ok(door_in_child(handler_saves, 30, "handler_saves"),
           "new succeeds when the new_handler frees memory");
    aligned_new();
    thread_locals();
    exception_without_memory();
    return tap_done();
}
