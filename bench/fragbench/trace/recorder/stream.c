/* SPDX-License-Identifier: MIT
 * One thread's operations: stamping, encoding, birth and death, fork.
 * Owns the streams and the numbering of threads. Called by the doors. */
#include "trace/recorder/recorder.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef PTHREAD_DESTRUCTOR_ITERATIONS
#define PTHREAD_DESTRUCTOR_ITERATIONS _POSIX_THREAD_DESTRUCTOR_ITERATIONS
#endif

/* Thread 0 is nobody: operations of threads that have died already (destructors run late). */
enum { LATE_THREAD = 0 };

struct fb_stream {
    struct fb_encoder encoder;
    uint32_t thread;
    /* Rounds of key destructors seen; the last one is the thread's death. */
    int rounds;
    /* What pthread_create was given. */
    void *(*start)(void *);
    void *argument;
    /* Under the registry's lock: all streams, and those without a thread. */
    struct fb_stream *next;
    struct fb_stream *next_spare;
};

__thread struct fb_self fb_self __attribute__((tls_model("initial-exec")));

static struct {
    pthread_mutex_t lock;
    struct fb_stream *all;
    struct fb_stream *spare;
    pthread_mutex_t late_lock;
    struct fb_stream *late;
    pthread_key_t death_key;
    _Atomic uint32_t threads;
    enum { UNTRIED, STARTING, STARTED } state;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER, .late_lock = PTHREAD_MUTEX_INITIALIZER};

static struct fb_stream *open_stream(uint32_t thread)
{
    struct fb_slot *slot = fb_sink_take_slot(thread);
    if (slot == NULL)
        return NULL;
    pthread_mutex_lock(&registry.lock);
    struct fb_stream *stream = registry.spare;
    if (stream != NULL) {
        registry.spare = stream->next_spare;
    } else {
        void *memory =
            mmap(NULL, sizeof *stream, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        stream = memory == MAP_FAILED ? NULL : memory;
        if (stream != NULL) {
            stream->next = registry.all;
            registry.all = stream;
        }
    }
    pthread_mutex_unlock(&registry.lock);
    if (stream == NULL) {
        fb_sink_give_slot(slot);
        return NULL;
    }
    stream->encoder.slot = slot;
    stream->thread = thread;
    stream->rounds = 0;
    fb_encoder_begin(&stream->encoder, fb_stamp_now(), fb_monotonic_ns());
    return stream;
}

static void close_stream(struct fb_stream *stream)
{
    fb_sink_flush(stream->encoder.slot);
    fb_sink_give_slot(stream->encoder.slot);
    stream->encoder.slot = NULL;
    pthread_mutex_lock(&registry.lock);
    stream->next_spare = registry.spare;
    registry.spare = stream;
    pthread_mutex_unlock(&registry.lock);
}

static void append(struct fb_stream *stream, const struct fb_event *event)
{
    if (fb_encoder_is_full(&stream->encoder)) {
        fb_sink_flush(stream->encoder.slot);
        if (!fb_sink_is_recording())
            return;
        fb_encoder_begin(&stream->encoder, event->stamp, fb_monotonic_ns());
    }
    fb_encode(&stream->encoder, event);
}

/* Key destructors run in four rounds, and free memory in each; this one asks to be called again
 * until the last, so that the death stands behind what the others do. */
static void on_thread_exit(void *value)
{
    struct fb_stream *stream = value;
    fb_self.busy = true;
    if (++stream->rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(registry.death_key, stream);
    } else {
        struct fb_event event = {.kind = FB_KIND_DEATH, .stamp = fb_stamp_now()};
        if (fb_sink_is_recording())
            append(stream, &event);
        fb_self.stream = NULL;
        fb_self.dead = true;
        close_stream(stream);
    }
    fb_self.busy = false;
}

static void adopt_stream(struct fb_stream *stream)
{
    fb_self.stream = stream;
    if (stream != NULL)
        pthread_setspecific(registry.death_key, stream);
}

static void before_fork(void)
{
    fb_self.busy = true;
    pthread_mutex_lock(&registry.late_lock);
    pthread_mutex_lock(&registry.lock);
    fb_sink_lock();
}

static void after_fork_in_parent(void)
{
    fb_sink_unlock();
    pthread_mutex_unlock(&registry.lock);
    pthread_mutex_unlock(&registry.late_lock);
    fb_self.busy = false;
}

/* The slots are shared memory and stay the parent's: let go of them all, begin a file of one's
 * own. The streams of the other threads, which do not exist here, become spare. */
static void after_fork_in_child(void)
{
    registry.spare = NULL;
    for (struct fb_stream *stream = registry.all; stream != NULL; stream = stream->next) {
        if (stream->encoder.slot != NULL)
            munmap(stream->encoder.slot, FB_SLOT_SIZE);
        stream->encoder.slot = NULL;
        stream->next_spare = registry.spare;
        registry.spare = stream;
    }
    registry.late = NULL;
    pthread_mutex_init(&registry.lock, NULL);
    pthread_mutex_init(&registry.late_lock, NULL);
    bool was_recording = fb_sink_is_recording();
    fb_sink_forget();
    atomic_store_explicit(&registry.threads, 1, memory_order_relaxed);
    fb_self.stream = NULL;
    fb_self.dead = false;
    if (was_recording && fb_sink_open())
        adopt_stream(open_stream(1));
    fb_self.busy = false;
}

static void start(void)
{
    /* Before libc has set up the environment nothing can be known; a later call tries again. */
    if (environ == NULL)
        return;
    registry.state = STARTING;
    if (fb_sink_open()) {
        pthread_key_create(&registry.death_key, on_thread_exit);
        pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    }
    registry.state = STARTED;
}

static struct fb_stream *own_stream(void)
{
    if (fb_self.stream != NULL)
        return fb_self.stream;
    if (registry.state == UNTRIED)
        start();
    if (!fb_sink_is_recording())
        return NULL;
    adopt_stream(
        open_stream(atomic_fetch_add_explicit(&registry.threads, 1, memory_order_relaxed) + 1));
    return fb_self.stream;
}

static struct fb_stream *late_stream(void)
{
    if (registry.late == NULL)
        registry.late = open_stream(LATE_THREAD);
    return registry.late;
}

/* A program that allocates nothing leaves a trace too, an empty one. */
__attribute__((constructor)) static void start_at_load(void)
{
    fb_self.busy = true;
    own_stream();
    fb_self.busy = false;
}

/* Stamp and write the event in the stream that this thread has now. */
static void record(struct fb_event *event, bool is_stamped)
{
    struct fb_stream *stream;
    if (fb_self.dead) {
        pthread_mutex_lock(&registry.late_lock);
        stream = late_stream();
    } else {
        stream = own_stream();
    }
    if (stream != NULL && fb_sink_is_recording()) {
        if (!is_stamped)
            event->stamp = fb_stamp_now();
        append(stream, event);
    }
    if (fb_self.dead)
        pthread_mutex_unlock(&registry.late_lock);
}

void fb_record_acquire(enum fb_kind kind, void *block, size_t size, uint8_t align_log2)
{
    int saved_errno = errno;
    struct fb_event event = {.kind = block == NULL ? FB_KIND_FAILED : kind,
                             .address = (uintptr_t)block,
                             .size = size,
                             .align_log2 = align_log2};
    if (block != NULL)
        fb_large_add(block, size);
    record(&event, false);
    errno = saved_errno;
}

void fb_record_release(void *block)
{
    int saved_errno = errno;
    struct fb_event event = {.kind = FB_KIND_FREE, .address = (uintptr_t)block};
    event.touched = fb_large_release(block);
    if (event.touched != FB_TOUCHED_UNKNOWN)
        event.kind = FB_KIND_FREE_TOUCHED;
    record(&event, false);
    errno = saved_errno;
}

struct fb_event fb_record_resize_begin(void *block, size_t size)
{
    int saved_errno = errno;
    struct fb_event event = {.kind = FB_KIND_REALLOC, .address = (uintptr_t)block, .size = size};
    own_stream();
    event.touched = fb_large_release(block);
    if (event.touched != FB_TOUCHED_UNKNOWN)
        event.kind = FB_KIND_REALLOC_TOUCHED;
    event.stamp = fb_stamp_now();
    errno = saved_errno;
    return event;
}

void fb_record_resize_end(struct fb_event *event, void *block)
{
    int saved_errno = errno;
    if (block != NULL)
        fb_large_add(block, event->size);
    if (block == NULL && event->size != 0)
        *event =
            (struct fb_event){.kind = FB_KIND_FAILED, .stamp = event->stamp, .size = event->size};
    else if (block == NULL)
        event->kind = event->kind == FB_KIND_REALLOC ? FB_KIND_FREE : FB_KIND_FREE_TOUCHED;
    event->new_address = (uintptr_t)block;
    event->end_stamp = fb_stamp_now();
    record(event, true);
    errno = saved_errno;
}

static void *run_thread(void *value)
{
    struct fb_stream *stream = value;
    fb_self.busy = true;
    adopt_stream(stream);
    fb_self.busy = false;
    return stream->start(stream->argument);
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                   void *(*begin)(void *), void *restrict argument)
{
    typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    static create_fn *_Atomic real;
    struct fb_stream *child = NULL;
    if (real == NULL)
        real = (create_fn *)dlsym(RTLD_NEXT, "pthread_create");
    bool was_busy = fb_self.busy;
    fb_self.busy = true;
    if (!was_busy && !fb_self.dead && own_stream() != NULL) {
        uint32_t number = atomic_fetch_add_explicit(&registry.threads, 1, memory_order_relaxed) + 1;
        child = open_stream(number);
        struct fb_event event = {.kind = FB_KIND_BIRTH, .size = number};
        if (child != NULL)
            record(&event, false);
    }
    fb_self.busy = was_busy;
    if (child == NULL)
        return real(thread, attributes, begin, argument);
    child->start = begin;
    child->argument = argument;
    int failure = real(thread, attributes, run_thread, child);
    if (failure != 0)
        close_stream(child);
    return failure;
}
