/* SPDX-License-Identifier: MIT */
#include "jobs/report_trends.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "crashes/grow.h"
#include "crashes/process.h"
#include "jobs/markup.h"
#include "jobs/report_number.h"

#define TABLE_NIGHTS 8 /* that a table has, where there are no plots */

#define PANELS_OPEN 8 /* of a number, where there are more than PANELS_MAX: those that differ most from before */
#define PANELS_MAX 12

/* A number of a unit over the nights. */
struct panel {
	const char *unit, *name; /* name: without its kind, where it begins so */
	double surprise;         /* how far it is from the nights before, as a logarithm */
	enum history_value value;
	const char *svg; /* in the output of gnuplot; NULL: no plot */
	size_t length;
};

static const struct {
	enum history_value value;
	const char *title, *text;
} groups[] = {
	{VALUE_edges, "Coverage: edges", "edges of code that the corpus reaches"},
	{VALUE_interleavings, "Coverage: interleavings", "orders of conflicting accesses that were seen"},
	{VALUE_rate, "Rate", "executions per second"},
	{VALUE_found_after, "Known bugs: executions until found",
	 "logarithmic; less is better; × marks a night in which it was not found"},
};

/* Colours of the script, and what they become. No other colour of gnuplot looks like them. */
static const struct {
	const char *script, *svg[2], *css; /* svg: of lines, of texts */
} colours[] = {
	{"#010203", {"rgb(  1,   2,   3)", "rgb(1,2,3)"}, "var(--line)"},
	{"#010204", {"rgb(  1,   2,   4)", "rgb(1,2,4)"}, "var(--dim)"},
	{"#010205", {"rgb(  1,   2,   5)", "rgb(1,2,5)"}, "var(--rule)"},
	{"#010206", {"rgb(  1,   2,   6)", "rgb(1,2,6)"}, "var(--bad)"},
	{"#010207", {"rgb(  1,   2,   7)", "rgb(1,2,7)"}, "var(--bg)"},
};
enum { LINE, DIM, RULE, BAD, BACK };

/* ---- the script -------------------------------------------------------------------------------------------------- */

static double value_of(const struct report_night *n, const struct panel *p)
{
	const struct history_unit *u = report_unit(n, p->unit);
	double value = u ? u->value[p->value] : NAN;

	return value > 0 ? value : NAN;
}

/* It was looked for, and not found. */
static bool is_silent(const struct report_night *n, const struct panel *p)
{
	const struct history_unit *u = report_unit(n, p->unit);

	return p->value == VALUE_found_after && u && !history_is(u->value[VALUE_found_after]) &&
	       u->value[VALUE_executions] > 0;
}

static u32 points_of(const struct report *r, const struct panel *p)
{
	u32 points = 0;

	for (u32 i = 0; i < r->nights; i++)
		points += history_is(value_of(&r->night[i], p));
	return points;
}

static void find_range(const struct report *r, const struct panel *p, double *low, double *high)
{
	*low = INFINITY;
	*high = 0;
	for (u32 i = 0; i < r->nights; i++) {
		double value = value_of(&r->night[i], p);

		if (history_is(value)) {
			*low = min(*low, value);
			*high = max(*high, value);
		}
	}
}

/* "2k", not "2.00k". */
static void script_tick(FILE *script, double at, bool first)
{
	char text[NUMBER_LEN], *point;

	number_count(at, text);
	point = strchr(text, '.');
	if (point) {
		size_t digits = 1 + strspn(point + 1, "0123456789"), keep = digits;

		while (point[keep - 1] == '0')
			keep--;
		keep -= point[keep - 1] == '.';
		memmove(point + keep, point + digits, strlen(point + digits) + 1);
	}
	fprintf(script, "%s'%s' %.9g", first ? "" : ", ", text, at);
}

static void script_linear(FILE *script, double low, double high)
{
	double room = max((high - low) * 0.15, high * 0.05), from = max(low - room, 0.0), to = high + room;
	double step = pow(10, floor(log10((to - from) / 2)));

	/* Two to four of them, at round numbers. */
	step *= (to - from) / step >= 10 ? 5 : (to - from) / step >= 4 ? 2 : 1;
	fprintf(script, "unset logscale\nset yrange [%.9g:%.9g]\nset ytics (", from, to);
	for (double first = ceil(from / step), i = first; i * step <= to; i++)
		script_tick(script, i * step, i == first);
	fputs(")\n", script);
}

static void script_logarithmic(FILE *script, double low, double high)
{
	int from = (int)floor(log10(low)), to = (int)ceil(log10(high));
	int step = 1 + (to - from) / 4;

	to = max(to, from + 1);
	fprintf(script, "set logscale y\nset yrange [%.9g:%.9g]\nset ytics (", pow(10, from) * 0.8, pow(10, to) * 1.3);
	for (int i = from; i <= to; i += step)
		script_tick(script, pow(10, i), i == from);
	fputs(")\n", script);
}

/* By number of night, so that nights of one day do not lie upon each other; four dates or times below. */
static void script_nights(FILE *script, const struct report *r)
{
	u64 span = report_last(r)->night.started - r->night[0].night.started;
	u32 step = max((r->nights + 3) / 4, 1u);

	fprintf(script, "set xrange [-0.6:%.1f]\nset xtics (", r->nights - 0.4);
	for (u32 i = (r->nights - 1) % step; i < r->nights; i += step) {
		time_t started = (time_t)r->night[i].night.started;
		struct tm tm;
		char text[32];

		if (!gmtime_r(&started, &tm) || !strftime(text, sizeof(text), span > 172800 ? "%d %b" : "%H:%M", &tm))
			text[0] = '\0';
		fprintf(script, "%s'%s' %u", i < step ? "" : ", ", text, i);
	}
	fputs(")\n", script);
}

static void script_panel(FILE *script, const struct report *r, const struct panel *p)
{
	double low, high;
	u32 label = 0;

	find_range(r, p, &low, &high);
	if (p->value == VALUE_found_after)
		script_logarithmic(script, low, high);
	else
		script_linear(script, low, high);
	fputs("unset label\n", script);
	for (u32 i = 0; i < r->nights; i++)
		if (is_silent(&r->night[i], p))
			fprintf(script, "set label %u '×' at %u, graph 0.9 center tc rgb '%s'\n", ++label, i,
				colours[BAD].script);
	fputs("$d << EOD\n", script);
	for (u32 i = 0; i < r->nights; i++) {
		double value = value_of(&r->night[i], p);

		if (history_is(value))
			fprintf(script, "%u %.9g %d\n", i, value, i + 1 == r->nights);
		else
			fprintf(script, "%u NaN 0\n", i);
	}
	fputs("EOD\n", script);
	fprintf(script,
		"plot $d using 1:2 with linespoints lw 1.6 lc rgb '%s' pt 7 ps 0.28,"
		" $d using 1:($3 > 0 ? $2 : NaN) with points pt 7 ps 0.75 lc rgb '%s',"
		" $d using 1:($3 > 0 ? $2 : NaN) with points pt 7 ps 0.5 lc rgb '%s'\n",
		colours[LINE].script, colours[BACK].script, colours[LINE].script);
}

static void script_all(FILE *script, const struct report *r, const struct panel *panels, u32 count)
{
	fprintf(script,
		"set terminal svg size 330,130 dynamic font 'system-ui,sans-serif,11'\n"
		"set border 0\nunset key\nset tics scale 0\nset tics textcolor rgb '%s'\n"
		"set grid ytics lt 1 lw 0.7 lc rgb '%s'\nset lmargin 6.5\nset rmargin 1.5\nset tmargin 0.7\n"
		"set bmargin 1.8\n",
		colours[DIM].script, colours[RULE].script);
	script_nights(script, r);
	for (u32 i = 0; i < count; i++)
		script_panel(script, r, &panels[i]);
}

/* ---- gnuplot ----------------------------------------------------------------------------------------------------- */

/* A file without a name, which a child process finds by @path; -1. */
static int script_file(const struct report *r, const struct panel *panels, u32 count, char *path, size_t size)
{
	int fd = memfd_create("gnuplot", 0), copy = fd < 0 ? -1 : dup(fd);
	FILE *script = copy < 0 ? NULL : fdopen(copy, "w");

	if (!script) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	script_all(script, r, panels, count);
	fclose(script);
	lseek(fd, 0, SEEK_SET);
	snprintf(path, size, "/dev/fd/%d", fd);
	return fd;
}

/* What it prints is one document after the other. */
static bool split(struct panel *panels, u32 count, const char *svg)
{
	u32 i = 0;

	for (; i < count; i++) {
		const char *begin = strstr(svg, "<svg"), *end = begin ? strstr(begin, "</svg>") : NULL;

		if (!end)
			break;
		panels[i].svg = begin;
		panels[i].length = (size_t)(end + 6 - begin);
		svg = end;
	}
	return i == count;
}

/* The caller frees the documents. NULL: there are no plots, and @why. */
static char *run_gnuplot(const struct report *r, struct panel *panels, u32 count, char *why, size_t size)
{
	char path[32], *svg = NULL;
	const char *const argv[] = {"gnuplot", path, NULL};
	struct process p = {.argv = argv};
	int fd = script_file(r, panels, count, path, sizeof(path)), ret;

	snprintf(why, size, "gnuplot could not be started");
	if (fd < 0)
		return NULL;
	process_guard();
	ret = process_run(&p);
	if (ret == 0) {
		if (p.status == 127)
			snprintf(why, size, "gnuplot is not installed (Debian: gnuplot-nox)");
		else if (p.status)
			process_first_line(p.err, why, size);
		else
			svg = strdup(p.out);
		process_free(&p);
	}
	process_unguard();
	close(fd);
	if (svg && !split(panels, count, svg)) {
		snprintf(why, size, "gnuplot printed something else than SVG");
		free(svg);
		svg = NULL;
	}
	return svg;
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

/* What stands in for the beginning of @at, and how much of it; NULL: nothing does. */
static const char *colour_of(const char *at, size_t *length)
{
	for (u32 i = 0; i < 2 * ARRAY_SIZE(colours); i++) {
		*length = strlen(colours[i / 2].svg[i % 2]);
		if (strncmp(at, colours[i / 2].svg[i % 2], *length) == 0)
			return colours[i / 2].css;
	}
	return NULL;
}

/* The plot with the colours of the page. Symbols are defined in the first one and used by all. */
static void print_svg(FILE *out, const struct panel *p, bool first)
{
	const char *at = strchr(p->svg, '>') + 1, *end = p->svg + p->length, *colour;
	size_t length;

	fputs("<svg viewBox=\"0 0 330 130\" aria-hidden=\"true\">", out);
	while (at < end) {
		if (!first && strncmp(at, "<defs>", 6) == 0 && strstr(at, "</defs>")) {
			at = strstr(at, "</defs>") + 7;
		} else if ((colour = colour_of(at, &length))) {
			fputs(colour, out);
			at += length;
		} else if (strncmp(at, " id=\"", 5) == 0) {
			/* The same in every plot. */
			at = strchr(at + 5, '"') + 1;
		} else {
			fputc(*at++, out);
		}
	}
}

/* Now, as a part of the geometric mean of the nights before; NAN: there is nothing to compare. */
static double ratio_of(const struct report *r, const struct panel *p)
{
	double now = value_of(report_last(r), p), sum = 0;
	u32 count = 0;

	for (u32 i = 0; i + 1 < r->nights; i++) {
		double value = value_of(&r->night[i], p);

		if (history_is(value)) {
			sum += log(value);
			count++;
		}
	}
	return count ? now / exp(sum / count) : NAN;
}

static void print_panel(FILE *out, const struct report *r, const struct panel *p, bool first)
{
	double now = value_of(report_last(r), p), ratio = ratio_of(r, p);
	char text[NUMBER_LEN];

	fputs("<figure class=\"panel\"><figcaption><b title=\"", out);
	markup_attribute(out, p->unit);
	fputs("\">", out);
	markup_text(out, p->name);
	fprintf(out, "</b><span class=\"now\">%s</span>", history_is(now) ? number_count(now, text) : "–");
	if (history_is(ratio))
		fprintf(out,
			"<span class=\"delta\" title=\"against the geometric mean of the nights before\">%s</span>",
			number_ratio(ratio, text));
	fputs("</figcaption>", out);
	print_svg(out, p, first);
	fputs("</figure>\n", out);
}

/* Panels of one number follow one another. */
static void print_plots(FILE *out, const struct report *r, const struct panel *panels, u32 count, bool first)
{
	u32 open = count > PANELS_MAX ? PANELS_OPEN : count;

	fputs("<div class=\"panels\">\n", out);
	for (u32 i = 0; i < count; i++) {
		if (i == open)
			fprintf(out,
				"</div><details><summary>%u more, which are nearer to the nights before</summary>"
				"<div class=\"panels\">\n",
				count - open);
		print_panel(out, r, &panels[i], first && i == 0);
	}
	fputs(open < count ? "</div></details>\n" : "</div>\n", out);
}

static void print_table(FILE *out, const struct report *r, const struct panel *panels, u32 count)
{
	u32 from = r->nights > TABLE_NIGHTS ? r->nights - TABLE_NIGHTS : 0;
	char text[NUMBER_LEN];

	fputs("<div class=\"scroll\"><table class=\"numbers\"><thead><tr><th>unit</th>", out);
	for (u32 i = from; i < r->nights; i++)
		fprintf(out, "<th>%.10s</th>", number_time(r->night[i].night.started, text));
	fputs("</tr></thead><tbody>\n", out);
	for (u32 k = 0; k < count; k++) {
		fputs("<tr><th>", out);
		markup_text(out, panels[k].unit);
		fputs("</th>", out);
		for (u32 i = from; i < r->nights; i++)
			fprintf(out, "<td>%s</td>",
				is_silent(&r->night[i], &panels[k])
					? "×"
					: number_count(value_of(&r->night[i], &panels[k]), text));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

/* "canary-race" of the canaries is "race". */
static const char *short_name(const struct history_unit *u)
{
	size_t len = strlen(u->kind);

	return strncmp(u->name, u->kind, len) == 0 && u->name[len] == '-' && u->name[len + 1] ? u->name + len + 1
											      : u->name;
}

static int compare_panels(const void *a, const void *b)
{
	const struct panel *p = a, *q = b;

	if (p->surprise != q->surprise)
		return p->surprise > q->surprise ? -1 : 1;
	return strcmp(p->unit, q->unit);
}

/* In the order of groups; @counts: how many of each. */
static struct panel *choose_panels(const struct report *r, u32 counts[ARRAY_SIZE(groups)], u32 *count)
{
	const struct report_night *n = report_last(r);
	struct panel *panels = NULL;

	*count = 0;
	for (u32 g = 0; g < ARRAY_SIZE(groups); g++) {
		u32 first = *count;

		for (u32 i = 0; i < n->units; i++) {
			struct panel p = {
				.unit = n->unit[i].name, .name = short_name(&n->unit[i]), .value = groups[g].value};
			double ratio = ratio_of(r, &p);

			if (points_of(r, &p) < 2 || !report_matters(&n->unit[i], p.value))
				continue;
			/* What was not found this night comes first. */
			p.surprise = history_is(ratio) ? fabs(log(ratio)) : INFINITY;
			panels = grow_array(panels, *count, sizeof(*panels));
			panels[(*count)++] = p;
		}
		counts[g] = *count - first;
		if (counts[g] > PANELS_MAX)
			qsort(&panels[first], counts[g], sizeof(*panels), compare_panels);
	}
	return panels;
}

void report_print_trends(FILE *out, const struct report *r)
{
	u32 counts[ARRAY_SIZE(groups)], count, first = 0;
	struct panel *panels = choose_panels(r, counts, &count);
	char why[256], *svg;

	fprintf(out, "<section id=\"trends\"><h2>Trends <small>%u nights</small></h2>\n", r->nights);
	if (!count)
		fputs("<p class=\"note\">Trends begin with the second night.</p>\n", out);
	svg = count ? run_gnuplot(r, panels, count, why, sizeof(why)) : NULL;
	if (count && !svg) {
		fputs("<p class=\"note\">No plots: ", out);
		markup_text(out, why);
		fputs(". The same numbers as tables:</p>\n", out);
	}
	for (u32 g = 0; g < ARRAY_SIZE(groups); first += counts[g++]) {
		if (!counts[g])
			continue;
		fprintf(out, "<h3>%s <small>%s</small></h3>\n", groups[g].title, groups[g].text);
		if (svg)
			print_plots(out, r, &panels[first], counts[g], first == 0);
		else
			print_table(out, r, &panels[first], counts[g]);
	}
	fputs("</section>\n", out);
	free(svg);
	free(panels);
}
