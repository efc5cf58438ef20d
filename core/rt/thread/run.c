/* SPDX-License-Identifier: MIT */
/* One machine after the other: boot, run, and taking the old one's threads down. */
#include "core/rt/run.h"

#include <sched.h>
#include <string.h>

#include "core/rt/cpu.h"
#include "core/rt/cpuhp.h"
#include "core/rt/rcu.h"
#include "core/rt/thread/arena.h"
#include "core/rt/thread/grace.h"
#include "core/rt/thread/held.h"
#include "core/rt/thread/oops.h"
#include "core/rt/thread/runtime.h"
#include "core/rt/thread/task.h"
#include "core/rt/thread/tsan.h"
#include "core/rt/thread/vcpu.h"
#include "core/rt/thread/watchdog.h"

static void (*quiescence_check)(void), (*start_check)(void);
static bool process_ready, machine_alive;
static u64 points_base;

/* Once per process: the caller becomes the thread that boots machines. */
static void process_prepare(void)
{
	if (process_ready)
		return;
	process_ready = true;
	if (!rt_thread_postmortem() && rt_thread_record(NULL))
		tool_failure("cannot map the post-mortem");
	tsan_link();
	oops_install();
	oops_thread_start();
	grace_register();
}

/* Callbacks first: they need their CPU. Then every thread leaves where it waits next. */
static void machine_down(void)
{
	if (!machine_alive)
		return;
	rcu_barrier();
	watchdog_stop();
	__atomic_store_n(&machine_teardown, 1, __ATOMIC_RELEASE);
	tasks_clear();
	vcpus_join();
	__atomic_store_n(&machine_teardown, 0, __ATOMIC_RELEASE);
	memset(selves, 0, sizeof(selves));
	machine_alive = false;
}

void rt_boot(const struct rt_config *config, void (*boot)(void *arg), void *arg)
{
	BUG_ON(config->cpus < 1 || config->cpus > RT_MAX_CPUS);
	process_prepare();
	machine_down();
	rt_thread_postmortem_clear();
	time_start();
	rt_thread_postmortem()->start_ticks = clock_ticks();
	rt_thread_postmortem()->start_ns = clock_ns();
	arena_map();
	heap_reset();
	held_reset();
	cpuhp_clear();
	machine_warn_continue = config->warn_continue;
	perturb_seed(config->seed);
	points_base = 0;
	retired_points = 0;
	self_init(self(), SELF_BOOT, "boot", 0);
	self_publish(self());
	self_init(&softirq_self, SELF_CALLBACK, "softirq/0", 0);
	self_block(&softirq_self, IDLE, NULL, 0);
	self_publish(&softirq_self);
	vcpus_start(config->cpus);
	watchdog_start();
	machine_alive = true;
	machine_booting = true;
	boot(arg);
	machine_booting = false;
}

/*
 * Nothing runs any more that a task set in motion: callbacks, interrupts, work, kthreads. Each of them may start
 * another, so all must be still in one pass.
 */
static void quiesce(void)
{
	bool still;

	do {
		rcu_barrier();
		still = vcpus_idle() && kthreads_idle();
		if (!still)
			sched_yield();
	} while (!still);
}

void rt_run(struct rt_result *result)
{
	memset(result, 0, sizeof(*result));
	if (start_check)
		start_check();
	tasks_run();
	quiesce();
	if (quiescence_check)
		quiescence_check();
	result->verdict.kind = VERDICT_ok;
	result->steps = rt_thread_points() - points_base;
	points_base += result->steps;
}

/* Memory stays as the last run left it: threads give no image to return to. */
void rt_reset(void)
{
}

bool rt_holds_still(void)
{
	return false;
}

void rt_set_quiescence_check(void (*check)(void))
{
	quiescence_check = check;
}

void rt_set_step_check(void (*check)(void))
{
	(void)check;
}

u64 rt_locks_held(void)
{
	return ~0UL;
}

void rt_set_start_check(void (*check)(void))
{
	start_check = check;
}
