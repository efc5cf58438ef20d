/* SPDX-License-Identifier: MIT */
/*
 * One scenario of the memory-hotplug core, run under its schedule by a program of your own.
 *
 * The interface of the installed library (`pkg-config --cflags --libs pfnstorm`) and of what `pfnstorm export --c`
 * writes. A scenario is given as tables of lines, in the words of docs/scenario.md, or as a text or token. The same
 * scenario gives the same run each time: the same switches, verdict, signature and hash.
 *
 * Not for threads, and one handle is enough: the machine is the process's. It lies at fixed addresses from 0x5500
 * 0000 0000 on. Nothing here prints, exits or installs signal handlers. C99 and C++.
 */
#ifndef PFNSTORM_API_PFNSTORM_H
#define PFNSTORM_API_PFNSTORM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A task and its operations, one after the other: "offline block=4". */
struct pfnstorm_task {
	const char *name;       /* letters, digits, '-', '_', '.'; unique; NULL ends the table */
	unsigned int cpu;       /* virtual */
	const char *const *ops; /* ends with NULL; NULL: none */
};

/* Tables of lines end with NULL; a table that is NULL is empty. */
struct pfnstorm_scenario {
	const char *name;            /* for people; NULL: none */
	const char *machine;         /* "geometry=tiny cpus=2 nodes=1 blocks=8 online=0-5" */
	const char *const *switches; /* designs, bugs, eras: "pfn_walk=rcu", "some_bug=on", "era=6.1" */
	const char *const *boot;     /* operations at the end of boot */
	const char *slots;           /* "filler=0": numbers of slots by name; NULL: in the order of appearance */
	const struct pfnstorm_task *tasks;
	const char *const *schedule; /* departures from the default order: "switch a -> b at offline.scan #1" */
	const char *const *laws;     /* checked at each step, not only at the end: "node_span" */
};

/* Why a task no longer has the CPU of the process. */
enum pfnstorm_why {
	PFNSTORM_STARTS,    /* nobody ran before */
	PFNSTORM_PREEMPTED, /* the schedule took it away */
	PFNSTORM_WAITS,
	PFNSTORM_ENDED
};

/* Another task goes on: @from stopped at @place, @to runs. Texts are never NULL. */
struct pfnstorm_switch {
	unsigned long long step; /* scheduling points before it */
	enum pfnstorm_why why;
	const char *from,
		*to; /* names of tasks; kernel threads and interrupts have some too; @from is "" at the start */
	unsigned int from_cpu, to_cpu;
	const char *place;           /* "offline.scan 256 #1, before lock zone[Normal].lock"; "" at the start */
	const char *from_op, *to_op; /* the operation each is in; @to_op may be about to begin; "" if in none */
};

/* How a run ended. Owned by the handle, valid until the next run of it. */
struct pfnstorm_result {
	const char *verdict;   /* "ok", or as in docs/OUTPUT.md: "oops", "race", "invariant" … */
	const char *signature; /* identifies the bug; "" if ok */
	const char *detail;    /* for people, one or more lines; "" if there is none */
	const char *drift; /* which entry of the schedule did not happen, and what was seen instead; "" if all did */
	unsigned long long steps, preemptions, hash; /* equal hashes: equal runs */
	const struct pfnstorm_switch *switches;      /* who ran when, in order */
	size_t nr_switches;
};

struct pfnstorm;

/*
 * A handle on a copy of the scenario. NULL: out of memory, or bad input; then @error says what was found and what was
 * expected, as "schedule 'switch …': column N: …".
 */
struct pfnstorm *pfnstorm_open(const struct pfnstorm_scenario *scenario, char *error, size_t size);
/* The same of the text of a scenario file, or of a token. */
struct pfnstorm *pfnstorm_open_text(const char *text, char *error, size_t size);
/* NULL: nothing. */
void pfnstorm_close(struct pfnstorm *p);

/* Another value of a design, bug or era, "pfn_walk=rcu". 0; -1: nothing changed, and @error says why. */
int pfnstorm_set(struct pfnstorm *p, const char *assignment, char *error, size_t size);

/*
 * Boots the machine if it must, runs the scenario to its end, whatever that is. 0; -1: out of memory. A schedule that
 * does not fit this library is no error: see @result->drift, the rest of the run went on in the default order.
 */
int pfnstorm_run(struct pfnstorm *p, struct pfnstorm_result *result);

/*
 * After a run, the @n-th operation of the scenario, from 0, task after task, and what became of it:
 * "remover: offline block=4 -> 0", "…: under way", "…: not begun". Valid until the next call; NULL: there are no more.
 */
const char *pfnstorm_outcome(struct pfnstorm *p, unsigned int n);

#ifdef __cplusplus
}
#endif

#endif
