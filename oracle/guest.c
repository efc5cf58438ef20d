/* SPDX-License-Identifier: MIT */
#include "oracle/guest.h"

#include <stdio.h>
#include <string.h>

#include "core/rt/task.h"
#include "oracle/blocks.h"

/*
 * What tasks tell each other here is outside the machine: plain atomics, which are no part of the run, and which thread
 * sanitizers know.
 */
static struct guest_job jobs[GUEST_TASKS];
static u32 task_ids[GUEST_TASKS];
static u32 ending;

/* Between two looks at whether there is something to do. */
#define LOOK_MS 2

static s64 run_loop(struct guest_job *job)
{
	s64 ret = 0;

	for (u32 i = 0; i < job->times && !__atomic_load_n(&job->killed, __ATOMIC_ACQUIRE); i++) {
		ret = core_file_write(job->path, job->data, strlen(job->data));
		if (job->then[0])
			ret = core_file_write(job->path, job->then, strlen(job->then));
		/* A shell forks for each: the others come to their turns. */
		msleep(LOOK_MS);
	}
	return ret;
}

static s64 run_endless_loop(struct guest_job *job)
{
	s64 ret = 0;

	for (u32 i = 0; !__atomic_load_n(&job->killed, __ATOMIC_ACQUIRE) && !__atomic_load_n(&ending, __ATOMIC_ACQUIRE);
	     i++) {
		ret = block_write_state(job->block[i % job->blocks], job->data);
		msleep(LOOK_MS);
	}
	return ret;
}

static void run_job(struct guest_job *job)
{
	job->ret = job->blocks    ? run_endless_loop(job)
		   : job->times   ? run_loop(job)
		   : job->path[0] ? core_file_write(job->path, job->data, strlen(job->data))
				  : core_eject_memory(job->start);
	/* Orders ret before done, and all of the job before its place is given to the next one. */
	__atomic_store_n(&job->done, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&job->running, 0, __ATOMIC_RELEASE);
}

static void guest_task(void *arg)
{
	struct guest_job *job = arg;

	while (!__atomic_load_n(&ending, __ATOMIC_ACQUIRE)) {
		if (__atomic_load_n(&job->running, __ATOMIC_ACQUIRE))
			run_job(job);
		else
			msleep(LOOK_MS);
	}
}

void guest_create(void)
{
	__atomic_store_n(&ending, 0, __ATOMIC_RELEASE);
	for (u32 i = 0; i < GUEST_TASKS; i++) {
		char name[16];

		jobs[i] = (struct guest_job){.ret = 0};
		snprintf(name, sizeof(name), "guest%u", i);
		task_ids[i] = rt_task_create(name, 0, guest_task, &jobs[i]);
	}
}

void guest_end(void)
{
	for (u32 i = 0; i < GUEST_TASKS; i++)
		if (__atomic_load_n(&jobs[i].running, __ATOMIC_ACQUIRE))
			guest_kill(&jobs[i]);
	__atomic_store_n(&ending, 1, __ATOMIC_RELEASE);
}

static struct guest_job *free_job(void)
{
	for (u32 i = 0; i < GUEST_TASKS; i++) {
		struct guest_job *job = &jobs[i];

		if (__atomic_load_n(&job->running, __ATOMIC_ACQUIRE))
			continue;
		job->path[0] = job->data[0] = job->then[0] = '\0';
		job->times = job->blocks = 0;
		job->start = 0;
		job->ret = 0;
		__atomic_store_n(&job->killed, 0, __ATOMIC_RELEASE);
		__atomic_store_n(&job->done, 0, __ATOMIC_RELEASE);
		return job;
	}
	return NULL;
}

struct guest_job *guest_write(const char *path, const char *data)
{
	struct guest_job *job = free_job();

	if (!job)
		return NULL;
	snprintf(job->path, sizeof(job->path), "%s", path);
	snprintf(job->data, sizeof(job->data), "%s", data);
	__atomic_store_n(&job->running, 1, __ATOMIC_RELEASE);
	return job;
}

struct guest_job *guest_loop(const char *path, const char *data, const char *then, u32 times)
{
	struct guest_job *job = free_job();

	if (!job)
		return NULL;
	snprintf(job->path, sizeof(job->path), "%s", path);
	snprintf(job->data, sizeof(job->data), "%s", data);
	snprintf(job->then, sizeof(job->then), "%s", then ? then : "");
	job->times = times;
	__atomic_store_n(&job->running, 1, __ATOMIC_RELEASE);
	return job;
}

struct guest_job *guest_endless_loop(const u64 *blocks, u32 nr, const char *data)
{
	struct guest_job *job = nr ? free_job() : NULL;

	if (!job)
		return NULL;
	for (u32 i = 0; i < nr && i < GUEST_LOOP_BLOCKS; i++)
		job->block[job->blocks++] = blocks[i];
	snprintf(job->data, sizeof(job->data), "%s", data);
	__atomic_store_n(&job->running, 1, __ATOMIC_RELEASE);
	return job;
}

struct guest_job *guest_eject(u64 start)
{
	struct guest_job *job = free_job();

	if (!job)
		return NULL;
	job->start = start;
	__atomic_store_n(&job->running, 1, __ATOMIC_RELEASE);
	return job;
}

bool guest_wait(struct guest_job *job, u32 ms)
{
	u64 end = rt_now_ns() + ms * 1000000ULL;

	while (!__atomic_load_n(&job->done, __ATOMIC_ACQUIRE) && rt_now_ns() < end)
		msleep(LOOK_MS);
	return __atomic_load_n(&job->done, __ATOMIC_ACQUIRE);
}

struct guest_job guest_result(const struct guest_job *job)
{
	struct guest_job result = {.ret = job->ret, .killed = __atomic_load_n(&job->killed, __ATOMIC_ACQUIRE)};

	return result;
}

static void send(struct guest_job *job, bool fatal)
{
	struct task_struct *task = rt_task_by_id(task_ids[job - jobs]);

	if (task)
		rt_send_signal(task, fatal);
}

void guest_interrupt(struct guest_job *job)
{
	send(job, false);
}

void guest_kill(struct guest_job *job)
{
	__atomic_store_n(&job->killed, 1, __ATOMIC_RELEASE);
	send(job, true);
}

void guest_settle(u32 ms)
{
	u64 end = rt_now_ns() + ms * 1000000ULL;

	for (u32 i = 0; i < GUEST_TASKS; i++)
		while (__atomic_load_n(&jobs[i].running, __ATOMIC_ACQUIRE) && rt_now_ns() < end)
			msleep(LOOK_MS);
}
