// SPDX-License-Identifier: MIT
//
// A program that replaces operator new and delete is obeyed: all of new comes to its operators, and
// what they pass on comes to our malloc.
#include "door.h"

#include <new>
#include <string>
#include <vector>

static unsigned long news;
static unsigned long deletes;

void *operator new(size_t size)
{
    news++;
    void *block = malloc(size == 0 ? 1 : size);
    if (block == nullptr)
        throw std::bad_alloc();
    return block;
}

void operator delete(void *block) noexcept
{
    if (block != nullptr)
        deletes++;
    free(block);
}

void operator delete(void *block, size_t) noexcept
{
    operator delete(block);
}

int main()
{
    door_open();
    news = deletes = 0;
    {
        std::vector<std::string> vector;
        for (int i = 0; i < 1000; i++)
            vector.push_back(std::string(100, 'x'));
    }
    tap_ok(news >= 1000, "the program's operator new is called");
    tap_ok(news == deletes, "and its operator delete as often");
    delete[] static_cast<char *>(door_hide(new char[100]));
    tap_ok(news == deletes, "new[] and delete[] reach the program's operators too");
    return tap_done();
}
