/* SPDX-License-Identifier: MIT */
/*
 * What a night has come to: its units and crashes, held against another night, and the nights before it. Others write
 * it down: report_text.h, report_html.h, report_json.h, junit.h, prometheus.h.
 */
#ifndef PFNSTORM_JOBS_REPORT_H
#define PFNSTORM_JOBS_REPORT_H

#include <limits.h>

#include "jobs/history.h"

#define REPORT_NIGHTS 60 /* of trends, the one reported included */

struct report_night {
	struct history_night night;
	struct history_unit *unit;
	u32 units;
};

/* A bug that was met this night, in whichever units. */
struct report_crash {
	struct history_crash crash; /* with the most important news that a unit had of it */
	char *units;                /* their names, with ", " between */
	/* From the crash store; "" or NULL what it does not know. */
	char status[16], cause[512], folder[PATH_MAX];
	char *token, *diagram, *verdict;
	u64 count;
	u32 before, nights; /* it was met in so many of so many nights before, in the window */
};

enum report_verdict {
	CHANGE_WORSE,
	CHANGE_BETTER,
	CHANGE_UNKNOWN, /* too few nights to know the noise */
	CHANGE_NOISE,
};

/* A number of a unit in two nights. */
struct report_change {
	const char *unit;
	const char *operation; /* its p99 latency, in microseconds; NULL: a number of the unit */
	enum history_value value;
	double before, now;
	double low, high; /* now / before lies in this interval, see report_compare.h; NAN: nobody knows */
	bool counted;     /* it is that of counts, not of the nights before */
	u32 samples[2];   /* the counts */
	enum report_verdict verdict;
};

/* A unit whose outcome has changed; NULL: the night did not have it. */
struct report_turn {
	const struct history_unit *before, *now;
	enum report_verdict verdict;
};

struct report {
	char dir[PATH_MAX];
	struct report_night *night; /* of the same job, oldest first; the last is the one reported */
	u32 nights;
	struct report_night against;
	bool compared; /* false: there is no night to compare with */
	struct report_crash *crash;
	u32 crashes;
	struct report_crash *gone; /* met in the other night, not in this one, and not called fixed */
	u32 nr_gone;
	struct report_change *change;
	u32 changes;
	struct report_turn *turn;
	u32 turns;
	char **complaint;
	u32 complaints;
};

struct report_options {
	const char *dir;     /* of `pfnstorm nightly` */
	const char *night;   /* an id or the beginning of one, "last" */
	const char *against; /* likewise, "none"; NULL: the night of that job before, if any */
};

/*
 * 0, or -errno with a message: -EINVAL, -ENOENT: there is no such night, or its files are wrong; -EIO, -EPROTO as
 * history_open(). Only after 0 the caller calls report_free().
 */
int report_make(struct report *r, const struct report_options *options, char *message, size_t size);
void report_free(struct report *r);

static inline const struct report_night *report_last(const struct report *r)
{
	return &r->night[r->nights - 1];
}
/* NULL: the night has no such unit. */
const struct history_unit *report_unit(const struct report_night *n, const char *name);
/* How many units of @kind (NULL: any) ended with @outcome (NULL: any). */
u32 report_count(const struct report_night *n, const char *kind, const char *outcome);
u32 report_news(const struct report *r, const char *news);
/* Sum over the night's units; NAN: none has it. */
double report_total(const struct report_night *n, enum history_value value);
/* Is the number what the unit is there for? How fast a known bug is searched for is not. */
bool report_matters(const struct history_unit *u, enum history_value value);
/* What the change is of: "executions/s", "p99 of offline". Returns @buf. */
const char *report_change_label(const struct report_change *c, char *buf, size_t size);
bool report_change_less_is_better(const struct report_change *c);
/* Of a unit, the number that changed; NAN: it has none. */
double report_change_value(const struct history_unit *u, const struct report_change *c);
/* "nothing new was found, and every canary fired" */
const char *report_meaning(const struct report_night *n);

#endif
