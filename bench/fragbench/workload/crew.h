/* SPDX-License-Identifier: MIT
 * crew.h: the threads of the threaded workloads.
 *
 * Owns: threads that wait for jobs. Their stacks are quiet memory, so that a thread costs nothing
 * but what the allocator takes for it. A crew is idle between its jobs: the play's order is then
 * the same for every allocator, and the table may be measured.
 */
#ifndef FB_CREW_H
#define FB_CREW_H

#include "workload/stage.h"

#include <pthread.h>

typedef void fb_crew_job(struct fb_lane *lane, void *context);

struct fb_crew_member {
    struct fb_crew *crew;
    struct fb_lane *lane;
    pthread_t thread;
    void *stack;
    fb_crew_job *job; /* [l] under the crew's lock; NULL while idle */
};

struct fb_crew {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void *context;   /* [l] of the job at hand */
    size_t busy;     /* [l] members that have a job */
    bool is_leaving; /* [l] */
    size_t count;
    struct fb_crew_member members[FB_LANES_MAX];
};

/* Starts `count` threads; thread i plays on lane i + 1, since lane 0 is the main thread's. */
void fb_crew_start(struct fb_crew *crew, struct fb_stage *stage, size_t count);
/* Members [first, end) do the job at the same time; returns when all are done. */
void fb_crew_do(struct fb_crew *crew, size_t first, size_t end, fb_crew_job *job, void *context);
void fb_crew_leave(struct fb_crew *crew);

#endif
