/* SPDX-License-Identifier: MIT */
/*
 * Wait queues and completions (include/linux/wait.h, completion.h, 6.1).
 *
 * All waiting needs a context that may sleep. The order in which woken tasks run is the schedule's choice.
 */
#ifndef PFNSTORM_RT_WAIT_H
#define PFNSTORM_RT_WAIT_H

#include "core/rt/lock.h"
#include "core/rt/types.h"

typedef struct {
	struct rt_lock rt;
} wait_queue_head_t;

void init_waitqueue_head(wait_queue_head_t *wq, enum lock_class class);
/* Wakes everybody who waits, with the ordering of a release before the wake-up and an acquire after the sleep. */
void wake_up_all(wait_queue_head_t *wq);

/*
 * The three steps of wait_event(): a wake-up between prepare and sleep makes sleep return at once. rt_wait_sleep()
 * returns 0, -ERESTARTSYS if a signal is pending that ends a @sleep of that kind, or -ETIME once rt_now_ns() reaches
 * @deadline (0: never).
 */
u64 rt_wait_prepare(wait_queue_head_t *wq);
int rt_wait_sleep(wait_queue_head_t *wq, u64 ticket, enum rt_sleep sleep, u64 deadline);

#define rt_wait_event(wq, condition, sleep, deadline)                                                                  \
	({                                                                                                             \
		int _ret = 0;                                                                                          \
		for (;;) {                                                                                             \
			u64 _ticket = rt_wait_prepare(wq);                                                             \
			if (condition) {                                                                               \
				_ret = 0;                                                                              \
				break;                                                                                 \
			}                                                                                              \
			if (_ret)                                                                                      \
				break;                                                                                 \
			_ret = rt_wait_sleep(wq, _ticket, sleep, deadline);                                            \
		}                                                                                                      \
		_ret;                                                                                                  \
	})

/* @wq is a pointer here, unlike the kernel's macro. */
#define wait_event(wq, condition) ((void)rt_wait_event(wq, condition, RT_UNINTERRUPTIBLE, 0))
/* 0 or -ERESTARTSYS; killable: on a fatal signal only. */
#define wait_event_interruptible(wq, condition) rt_wait_event(wq, condition, RT_INTERRUPTIBLE, 0)
#define wait_event_killable(wq, condition) rt_wait_event(wq, condition, RT_KILLABLE, 0)
/* 0 or -ETIME; @ns of virtual time. Unlike the kernel's, which return what is left of it. */
#define wait_event_timeout(wq, condition, ns) rt_wait_event(wq, condition, RT_UNINTERRUPTIBLE, rt_now_ns() + (ns))
/* 0, -ETIME or -ERESTARTSYS. */
#define wait_event_interruptible_timeout(wq, condition, ns)                                                            \
	rt_wait_event(wq, condition, RT_INTERRUPTIBLE, rt_now_ns() + (ns))

struct completion {
	u32 done;
	u32 pad;
	wait_queue_head_t wait;
};

void init_completion(struct completion *x);
void wait_for_completion(struct completion *x);
void complete(struct completion *x);
void complete_all(struct completion *x);

#endif
