/* SPDX-License-Identifier: MIT */
#include "jobs/report_html_operations.h"

#include <stdlib.h>
#include <string.h>

#include "crashes/grow.h"
#include "jobs/markup.h"
#include "jobs/report_number.h"

#define OPERATIONS_MAX 24 /* that are shown: the slowest ones */

struct row {
	const struct history_unit *unit;
	const struct history_operation *operation;
};

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->operation->p99 != y->operation->p99)
		return x->operation->p99 > y->operation->p99 ? -1 : 1;
	return strcmp(x->operation->name, y->operation->name);
}

/* From the fastest median to the slowest maximum of all, logarithmic. */
static double place(double us, const double range[2])
{
	return log(us / range[0]) / log(range[1] / range[0]) * 100;
}

/* p50 to p99 as a bar, a line on to the maximum. */
static void print_bar(FILE *out, const struct history_operation *o, const double range[2])
{
	double from = place(o->p50 > 0 ? o->p50 : o->p99, range), to = place(o->p99, range);
	double end = o->max > 0 ? place(o->max, range) : to;

	fputs("<td class=\"wide\" data-l=\"p50 – p99 – max\"><span class=\"spread\">", out);
	fprintf(out, "<i style=\"left:%.1f%%;width:%.1f%%\"></i>", to, max(end - to, 0.3));
	fprintf(out, "<b style=\"left:%.1f%%;width:%.1f%%\"></b></span></td>", from, max(to - from, 0.8));
}

static void print_refusals(FILE *out, const struct history_operation *o)
{
	char text[NUMBER_LEN];

	fputs("<td class=\"refusals\" data-l=\"refused\">", out);
	for (u32 i = 0; i < min(o->nr_refusals, 3u); i++) {
		fputs(i ? ", " : "", out);
		markup_text(out, o->refusal[i].name);
		fprintf(out, " %s", number_count((double)o->refusal[i].count, text));
	}
	fputs(o->nr_refusals ? "</td></tr>\n" : "none</td></tr>\n", out);
}

static void print_row(FILE *out, const struct row *row, const double range[2])
{
	const struct history_operation *o = row->operation;
	char text[NUMBER_LEN];

	fputs("<tr><th scope=\"row\">", out);
	markup_text(out, o->name);
	fputs(" <small>", out);
	markup_text(out, row->unit->name);
	fputs("</small></th>", out);
	print_bar(out, o, range);
	fprintf(out, "<td class=\"n\" data-l=\"p50\">%s</td>", number_latency(o->p50, text));
	fprintf(out, "<td class=\"n\" data-l=\"p99\"><b>%s</b></td>", number_latency(o->p99, text));
	fprintf(out, "<td class=\"n\" data-l=\"max\">%s</td>", number_latency(o->max, text));
	fprintf(out, "<td class=\"n\" data-l=\"attempts\">%s</td>", number_count((double)o->attempts, text));
	fprintf(out, "<td class=\"n\" data-l=\"ok\">%.1f %%</td>",
		o->attempts ? 100.0 * (double)o->ok / (double)o->attempts : 0.0);
	print_refusals(out, o);
}

static struct row *collect(const struct report_night *n, u32 *count, double range[2])
{
	struct row *rows = NULL;

	*count = 0;
	range[0] = INFINITY;
	range[1] = 0;
	for (u32 i = 0; i < n->units; i++)
		for (u32 k = 0; k < n->unit[i].nr_operations; k++) {
			const struct history_operation *o = &n->unit[i].operation[k];

			if (!(o->p99 > 0))
				continue;
			range[0] = min(range[0], o->p50 > 0 ? o->p50 : o->p99);
			range[1] = max(range[1], o->max > 0 ? o->max : o->p99);
			rows = grow_array(rows, *count, sizeof(*rows));
			rows[(*count)++] = (struct row){&n->unit[i], o};
		}
	range[1] = max(range[1], range[0] * 1.01);
	return rows;
}

void report_print_operations(FILE *out, const struct report *r)
{
	double range[2];
	char low[NUMBER_LEN], high[NUMBER_LEN];
	u32 count;
	struct row *rows = collect(report_last(r), &count, range);

	if (!count)
		return;
	qsort(rows, count, sizeof(*rows), compare_rows);
	fprintf(out,
		"<section id=\"operations\"><h2>Slowest operations <small>by p99</small></h2>\n"
		"<div class=\"scroll\"><table class=\"cards operations\"><thead><tr><th>operation</th><th "
		"class=\"spreads\">"
		"<span class=\"ends\"><span>%s</span><span>p50 ▬ p99 ─ max</span><span>%s</span></span></th>"
		"<th class=\"n\">p50</th><th class=\"n\">p99</th><th class=\"n\">max</th><th class=\"n\">attempts</th>"
		"<th class=\"n\">ok</th><th>refused</th></tr></thead><tbody>\n",
		number_latency(range[0], low), number_latency(range[1], high));
	for (u32 i = 0; i < min(count, (u32)OPERATIONS_MAX); i++)
		print_row(out, &rows[i], range);
	fputs("</tbody></table></div></section>\n", out);
	free(rows);
}
