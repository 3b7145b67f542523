/* SPDX-License-Identifier: MIT
 * crew.c: the threads of the threaded workloads; see crew.h.
 */
#include "workload/crew.h"
#include "base/die.h"
#include "base/quiet.h"

#include <string.h>

enum { STACK_SIZE = 256 * 1024 };

static void *member_main(void *argument)
{
    struct fb_crew_member *member = argument;
    struct fb_crew *crew = member->crew;
    pthread_mutex_lock(&crew->lock);
    for (;;) {
        while (member->job == NULL && !crew->is_leaving)
            pthread_cond_wait(&crew->changed, &crew->lock);
        if (member->job == NULL)
            break;
        pthread_mutex_unlock(&crew->lock);
        member->job(member->lane, crew->context);
        pthread_mutex_lock(&crew->lock);
        member->job = NULL;
        crew->busy--;
        pthread_cond_broadcast(&crew->changed);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

void fb_crew_start(struct fb_crew *crew, struct fb_stage *stage, size_t count)
{
    memset(crew, 0, sizeof *crew);
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    crew->count = count;
    for (size_t i = 0; i < count; i++) {
        struct fb_crew_member *member = &crew->members[i];
        pthread_attr_t attributes;
        *member = (struct fb_crew_member){.crew = crew, .lane = &stage->lanes[i + 1]};
        member->stack = fb_quiet_map("fragbench-stack", STACK_SIZE);
        pthread_attr_init(&attributes);
        pthread_attr_setstack(&attributes, member->stack, STACK_SIZE);
        int error = pthread_create(&member->thread, &attributes, member_main, member);
        if (error != 0)
            fb_die("cannot start thread %zu of %zu: %s; try fewer --threads", i + 1, count,
                   strerror(error));
        pthread_attr_destroy(&attributes);
    }
}

void fb_crew_do(struct fb_crew *crew, size_t first, size_t end, fb_crew_job *job, void *context)
{
    pthread_mutex_lock(&crew->lock);
    crew->context = context;
    crew->busy = end - first;
    for (size_t i = first; i < end; i++)
        crew->members[i].job = job;
    pthread_cond_broadcast(&crew->changed);
    while (crew->busy != 0)
        pthread_cond_wait(&crew->changed, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
}

void fb_crew_leave(struct fb_crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->is_leaving = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < crew->count; i++) {
        pthread_join(crew->members[i].thread, NULL);
        fb_quiet_unmap(crew->members[i].stack, STACK_SIZE);
    }
}
