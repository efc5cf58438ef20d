/* SPDX-License-Identifier: MIT */
#include "jobs/report_trends.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crashes/grow.h"
#include "crashes/process.h"
#include "jobs/markup.h"
#include "jobs/report_number.h"

#define TABLE_NIGHTS 8 /* that a table has, where there are no plots */

/* A number of a unit over the nights. */
struct panel {
	const char *unit;
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

static bool is_silent(const struct report_night *n, const struct panel *p)
{
	const struct history_unit *u = report_unit(n, p->unit);

	return p->value == VALUE_found_after && u && strcmp(u->outcome, "silent") == 0;
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
			fprintf(script, "set label %u '×' at %" PRIu64 ", graph 0.9 center tc rgb '%s'\n", ++label,
				r->night[i].night.started, colours[BAD].script);
	fputs("$d << EOD\n", script);
	for (u32 i = 0; i < r->nights; i++) {
		double value = value_of(&r->night[i], p);

		if (history_is(value))
			fprintf(script, "%" PRIu64 " %.9g %d\n", r->night[i].night.started, value, i + 1 == r->nights);
		else
			fprintf(script, "%" PRIu64 " NaN 0\n", r->night[i].night.started);
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
	u64 first = r->night[0].night.started, last = report_last(r)->night.started;
	double room = max((double)(last - first), 86400.0) * 0.03;

	fprintf(script,
		"set terminal svg size 330,130 dynamic font 'system-ui,sans-serif,11'\n"
		"set xdata time\nset timefmt '%%s'\nset format x '%%d %%b'\n"
		"set border 0\nunset key\nset tics scale 0\nset tics textcolor rgb '%s'\n"
		"set grid ytics lt 1 lw 0.7 lc rgb '%s'\nset lmargin 6.5\nset rmargin 1.5\nset tmargin 0.7\n"
		"set bmargin 1.8\nset xtics %.0f\nset xrange ['%.0f':'%.0f']\n",
		colours[DIM].script, colours[RULE].script, max(floor((double)(last - first) / 4 / 86400), 1.0) * 86400,
		(double)first - room, (double)last + room);
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

/* Against the mean of the nights before. */
static void print_delta(FILE *out, const struct report *r, const struct panel *p)
{
	double now = value_of(report_last(r), p), sum = 0;
	char ratio[NUMBER_LEN];
	u32 count = 0;

	for (u32 i = 0; i + 1 < r->nights; i++) {
		double value = value_of(&r->night[i], p);

		if (history_is(value)) {
			sum += log(value);
			count++;
		}
	}
	if (!history_is(now) || !count)
		return;
	fprintf(out, "<span class=\"delta\" title=\"against the geometric mean of the nights before\">%s</span>",
		number_ratio(now / exp(sum / count), ratio));
}

static void print_plots(FILE *out, const struct report *r, const struct panel *panels, u32 count,
			enum history_value value, bool *first)
{
	char number[NUMBER_LEN];

	fputs("<div class=\"panels\">\n", out);
	for (u32 i = 0; i < count; i++) {
		double now = value_of(report_last(r), &panels[i]);

		if (panels[i].value != value)
			continue;
		fputs("<figure class=\"panel\"><figcaption><b>", out);
		markup_text(out, panels[i].unit);
		fprintf(out, "</b><span class=\"now\">%s</span>", history_is(now) ? number_count(now, number) : "–");
		print_delta(out, r, &panels[i]);
		fputs("</figcaption>", out);
		print_svg(out, &panels[i], *first);
		fputs("</figure>\n", out);
		*first = false;
	}
	fputs("</div>\n", out);
}

static void print_table(FILE *out, const struct report *r, const struct panel *panels, u32 count,
			enum history_value value)
{
	u32 from = r->nights > TABLE_NIGHTS ? r->nights - TABLE_NIGHTS : 0;
	char text[NUMBER_LEN];

	fputs("<div class=\"scroll\"><table class=\"numbers\"><thead><tr><th>unit</th>", out);
	for (u32 i = from; i < r->nights; i++)
		fprintf(out, "<th>%.10s</th>", number_time(r->night[i].night.started, text));
	fputs("</tr></thead><tbody>\n", out);
	for (u32 k = 0; k < count; k++) {
		if (panels[k].value != value)
			continue;
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

static struct panel *choose_panels(const struct report *r, u32 *count)
{
	struct panel *panels = NULL;
	const struct report_night *n = report_last(r);

	*count = 0;
	for (u32 g = 0; g < ARRAY_SIZE(groups); g++)
		for (u32 i = 0; i < n->units; i++) {
			struct panel p = {n->unit[i].name, groups[g].value, NULL, 0}, found = p;

			found.value = VALUE_found_after;

			/* How fast a canary is searched for is not what it is there for. */
			if (points_of(r, &p) < 2 || (p.value == VALUE_rate && points_of(r, &found) > 0))
				continue;
			panels = grow_array(panels, *count, sizeof(*panels));
			panels[(*count)++] = p;
		}
	return panels;
}

static bool has_value(const struct panel *panels, u32 count, enum history_value value)
{
	for (u32 i = 0; i < count; i++)
		if (panels[i].value == value)
			return true;
	return false;
}

void report_print_trends(FILE *out, const struct report *r)
{
	char why[256], *svg;
	bool first = true;
	u32 count;
	struct panel *panels = choose_panels(r, &count);

	fprintf(out, "<section id=\"trends\"><h2>Trends <small>%u nights</small></h2>\n", r->nights);
	if (!count)
		fputs("<p class=\"note\">Trends begin with the second night.</p>\n", out);
	svg = count ? run_gnuplot(r, panels, count, why, sizeof(why)) : NULL;
	if (count && !svg) {
		fputs("<p class=\"note\">No plots: ", out);
		markup_text(out, why);
		fputs(". The same numbers as tables:</p>\n", out);
	}
	for (u32 g = 0; g < ARRAY_SIZE(groups); g++) {
		if (!has_value(panels, count, groups[g].value))
			continue;
		fprintf(out, "<h3>%s <small>%s</small></h3>\n", groups[g].title, groups[g].text);
		if (svg)
			print_plots(out, r, panels, count, groups[g].value, &first);
		else
			print_table(out, r, panels, count, groups[g].value);
	}
	fputs("</section>\n", out);
	free(svg);
	free(panels);
}
