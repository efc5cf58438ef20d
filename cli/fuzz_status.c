/* SPDX-License-Identifier: MIT */
#if PFNSTORM_PARTS
#include "cli/fuzz_status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/command.h"

#define EVENTS 6
#define FOUND_SHOWN 10
#define OPS_SHOWN 8

/* ---- the screen ------------------------------------------------------------------------------------------------ */

static struct {
	u32 nr;
	char text[EVENTS][320];
} events;

static void keep_event(const char *text)
{
	if (events.nr == EVENTS)
		memmove(events.text[0], events.text[1], sizeof(events.text[0]) * --events.nr);
	snprintf(events.text[events.nr++], sizeof(events.text[0]), "%s", text);
}

/* A line of a screen that is drawn over the last one; cut at the edge. */
static void __attribute__((format(printf, 2, 3))) put(u32 width, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fprintf(stderr, "%.*s\033[K\n", (int)width, text);
}

static void put_time_line(const struct campaign_status *s, u32 width)
{
	char spent[24], left[24], cpu[24];
	const struct campaign_options *o = s->options;

	put(width, "pfnstorm fuzz  %s  %s, %s of processors%s%s%s", campaign_phase_name(s->phase),
	    terminal_seconds(s->seconds, spent), terminal_seconds(s->cpu, cpu), o->seconds > 0 ? ", " : "",
	    o->seconds > 0 ? terminal_seconds(o->seconds - s->session, left) : "", o->seconds > 0 ? " left" : "");
}

static void put_targets(const struct campaign_status *s, u32 width)
{
	char runs[16], rate[16], edges[16], features[16], corpus[16], since[24], stability[16];

	put(width, "%-13s %9s %8s %7s %13s %7s %9s %12s", "target", "inputs", "/s", "edges", "interleavings", "corpus",
	    "stability", "last input");
	for (u32 i = 0; i < s->nr_targets; i++) {
		const struct campaign_target *t = &s->target[i];

		snprintf(stability, sizeof(stability), t->stability < 0 ? "-" : "%.1f %%", t->stability);
		put(width, "%-13s %9s %8s %7s %13s %7s %9s %12s", t->name,
		    terminal_count((double)t->total.inputs, runs), terminal_count(t->rate, rate),
		    terminal_count((double)t->edges, edges), terminal_count((double)t->total.interleavings, features),
		    terminal_count((double)t->corpus, corpus), stability, terminal_seconds(t->since, since));
	}
}

static void put_engines(const struct campaign_status *s, u32 width)
{
	char line[512];
	size_t len = 0;

	for (u32 i = 0; i < s->nr_engines && len < sizeof(line); i++) {
		const struct engine *e = &s->engine[i];
		char deaths[24] = "";

		if (e->deaths)
			snprintf(deaths, sizeof(deaths), ", died %u times", e->deaths);
		len += (size_t)snprintf(line + len, sizeof(line) - len, "  %s %s%s", e->name,
					engine_state_name(e->state), deaths);
	}
	put(width, "engines%s", line);
}

static const struct engine_tally *all_targets(const struct campaign_status *s)
{
	static struct engine_tally all;

	memset(&all, 0, sizeof(all));
	for (u32 i = 0; i < s->nr_targets; i++)
		engine_tally_add(&all, &s->target[i].total);
	return &all;
}

static void put_op(const struct op_info *info, const struct engine_op *op, u32 width)
{
	char line[256], attempts[16], n[16];
	size_t len = (size_t)snprintf(line, sizeof(line), "  %-18s %9s %5.1f %%", info->name,
				      terminal_count((double)op->attempts, attempts),
				      100.0 * (double)op->successes / (double)op->attempts);

	for (u32 j = 0; j < TALLY_ERRNOS && op->err[j].name[0] && len < sizeof(line); j++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "  %s %s", op->err[j].name,
					terminal_count((double)op->err[j].count, n));
	put(width, "%s", line);
}

/* Those that succeed least: what a generator does wrong is among them. */
static void put_ops(const struct engine_tally *t, u32 width)
{
	u32 order[TALLY_OPS], n = 0, tried = 0;

	for (u32 i = 0; i < nr_op_infos; i++) {
		const struct engine_op *op = &t->op[op_infos[i].id];
		u32 at = n;

		tried += op->attempts != 0;
		if (!op->attempts)
			continue;
		while (at > 0) {
			const struct engine_op *other = &t->op[op_infos[order[at - 1]].id];

			if ((double)other->successes * (double)op->attempts <=
			    (double)op->successes * (double)other->attempts)
				break;
			order[at] = order[at - 1];
			at--;
		}
		order[at] = i;
		n++;
	}
	put(width, "operations: %u of %u tried; %u of %u pairs overlapped; those that succeed least:", tried,
	    nr_op_infos, engine_tally_pairs(t), engine_tally_all_pairs());
	for (u32 i = 0; i < min(n, (u32)OPS_SHOWN); i++)
		put_op(&op_infos[order[i]], &t->op[op_infos[order[i]].id], width);
}

static void put_found(const struct campaign_status *s, u32 width)
{
	char since[24];

	if (s->nr_found)
		put(width, "crashes: %u record%s, last %s ago%s", s->nr_found, s->nr_found == 1 ? "" : "s",
		    terminal_seconds(s->since_found, since), s->filing ? ", more being filed" : "");
	else
		put(width, "crashes: none%s", s->filing ? " yet, but some being filed" : "");
	for (u32 i = 0; i < min(s->nr_found, (u32)FOUND_SHOWN); i++)
		put(width, "  %-9s %s  %4" PRIu64 "  %s: %s", s->found[i].news, s->found[i].record, s->found[i].filed,
		    s->found[i].kind, s->found[i].signature);
}

static void draw(const struct campaign_status *s)
{
	const struct engine_tally *all = all_targets(s);
	struct winsize size;
	u32 width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;

	fputs("\033[H", stderr);
	put_time_line(s, width);
	put_engines(s, width);
	put(width, "%s", "");
	put_targets(s, width);
	put(width, "%s", "");
	put_found(s, width);
	put(width, "%s", "");
	if (all->runs)
		put_ops(all, width);
	put(width, "%s", s->complaint);
	for (u32 i = 0; i < events.nr; i++)
		if (strcmp(events.text[i], s->complaint) != 0)
			put(width, "%s", events.text[i]);
	fputs("\033[J", stderr);
}

/* ---- elsewhere ------------------------------------------------------------------------------------------------- */

static void print_line(const struct campaign_status *s)
{
	char inputs[16], rate[16], corpus[16], edges[16], features[16], left[24], since[24];
	bool budget = s->options->seconds > 0;

	terminal_progress(
		"%s  inputs %s (%s/s)  edges %s  interleavings %s  corpus %s  crashes %u  last input %s ago%s%s%s",
		campaign_phase_name(s->phase), terminal_count((double)s->executions, inputs),
		terminal_count(s->rate, rate), terminal_count((double)s->edges, edges),
		terminal_count((double)s->interleavings, features), terminal_count((double)s->corpus, corpus),
		s->nr_found, terminal_seconds(s->since_input, since), budget ? ", " : "",
		budget ? terminal_seconds(s->options->seconds - s->session, left) : "", budget ? " left" : "");
}

void fuzz_status_show(const struct campaign_status *status, const char *event, void *arg)
{
	static bool screen;
	bool wanted = isatty(STDERR_FILENO) && !(getenv("TERM") && strcmp(getenv("TERM"), "dumb") == 0);

	(void)arg;
	if (event)
		keep_event(event);
	if (wanted) {
		if (!screen)
			fputs("\033[2J", stderr);
		screen = true;
		draw(status);
	} else if (event) {
		fprintf(stderr, "%s\n", event);
	} else {
		print_line(status);
	}
	fflush(stderr);
}

/* ---- the end --------------------------------------------------------------------------------------------------- */

static void sum_up_target(const struct campaign_status *s, const struct campaign_target *t)
{
	char inputs[16], time[24];
	u32 found = 0;

	for (u32 i = 0; i < s->nr_found; i++)
		found += strcmp(s->found[i].target, t->name) == 0;
	printf("%s: %s in %s inputs, %s", t->name, found ? "nothing else" : "nothing",
	       terminal_count((double)t->total.inputs, inputs), terminal_seconds(s->seconds, time));
	if (t->total.inputs)
		printf(": what was not found comes in fewer than %.1e of inputs like these",
		       3.0 / (double)t->total.inputs);
	putchar('\n');
	if (t->artifacts)
		printf("  %" PRIu64 " inputs crashed or stopped the engine itself: %s/artifacts/%s\n", t->artifacts,
		       s->options->dir, t->name);
}

void fuzz_status_sum_up(const struct campaign_status *s)
{
	char time[24], inputs[16];

	for (u32 i = 0; i < s->nr_found; i++) {
		const struct campaign_found *f = &s->found[i];

		printf("%s: %s: %s\n  record %s, after %s inputs, %s\n", f->news, f->kind, f->signature, f->record,
		       terminal_count((double)f->executions, inputs), terminal_seconds(f->seconds, time));
	}
	for (u32 i = 0; i < s->nr_targets; i++)
		sum_up_target(s, &s->target[i]);
	if (s->refused)
		printf("%u tokens could not be filed: %s/refused\n", s->refused, s->options->dir);
	if (s->nr_found && s->options->crash_dir)
		printf("look at them: pfnstorm crashes list %s\n", s->options->crash_dir);
	else if (s->nr_found)
		printf("look at them: pfnstorm crashes list %s/crashes\n", s->options->dir);
	printf("go on: pfnstorm fuzz --resume --dir %s\n", s->options->dir);
}
#endif
