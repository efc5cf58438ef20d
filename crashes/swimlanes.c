/* SPDX-License-Identifier: MIT */
#include "crashes/swimlanes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/rows.h"

/* Pixels. */
#define ROW_HEIGHT 20
#define LANE_WIDTH_MIN 190
#define LANE_WIDTH_MAX 760
#define CHARACTER 7.5 /* of the texts, a little more than fonts have */
#define GUTTER 84     /* left of the lanes: step numbers */
#define HEADER 56
#define AXIS 18 /* of a lane, from its left edge */

struct line {
	enum row_kind kind;
	u32 lane, other;
	u64 step;
	char *text;
};

struct page {
	const struct timeline *t;
	FILE *out;
	u32 lanes, lane[RT_MAX_TASKS];
	u32 x[RT_MAX_TASKS + 1], width[RT_MAX_TASKS]; /* by lane; x[lanes] is the right end */
	struct line *line;
	u32 lines, capacity;
	bool out_of_memory;
};

static const char style[] =
	"<style>\n"
	":root{--bg:#fff;--fg:#1c2128;--dim:#6e7781;--lane:#f6f8fa;--rule:#d8dee4;--op:#ddf4ff;--opline:#54aeff;--run:#"
	"218bff;"
	"--arrow:#bc4c00;--bad:#cf222e;--badbg:#ffebe9}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#8b949e;--lane:#161b22;--rule:#30363d;"
	"--op:#0c2d4a;--opline:#1f6feb;--run:#58a6ff;--arrow:#f0883e;--bad:#ff7b72;--badbg:#490202}}\n"
	"body{background:var(--bg);color:var(--fg);font:14px/1.45 system-ui,sans-serif;margin:24px}\n"
	"h1{font-size:18px;margin:0 0 4px}p{margin:0 0 16px;color:var(--dim)}p b{color:var(--bad)}\n"
	".scroll{overflow-x:auto}svg{display:block}\n"
	"pre{font:12px/1.5 ui-monospace,monospace;background:var(--lane);border:1px solid "
	"var(--rule);border-radius:6px;"
	"padding:12px;overflow-x:auto}\n"
	"text{font:12px ui-monospace,monospace;fill:var(--fg)}text.name{font:600 14px system-ui,sans-serif}\n"
	"text.dim{fill:var(--dim)}text.op{font-weight:600}text.pre{fill:var(--arrow)}text.bad{fill:var(--bad);font-"
	"weight:700}\n"
	"</style>\n";

static void escape(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

/* ---- collecting ------------------------------------------------------------------------------------------------ */

static void collect(const struct row *row, void *arg)
{
	struct page *p = arg;
	struct line *line;

	if (p->lines == p->capacity) {
		u32 capacity = p->capacity ? 2 * p->capacity : 256;
		struct line *more = realloc(p->line, capacity * sizeof(*more));

		if (!more) {
			p->out_of_memory = true;
			return;
		}
		p->line = more;
		p->capacity = capacity;
	}
	line = &p->line[p->lines];
	line->kind = row->kind;
	line->lane = row->task == UINT32_MAX ? UINT32_MAX : p->lane[row->task];
	line->other = row->kind == ROW_PREEMPTED ? p->lane[row->other] : UINT32_MAX;
	line->step = row->step;
	line->text = strdup(row->text);
	p->out_of_memory |= !line->text;
	p->lines += line->text != NULL;
}

static void choose_lanes(struct page *p)
{
	for (u32 task = 0; task < RT_MAX_TASKS; task++)
		p->lane[task] = timeline_shows(p->t, task) ? p->lanes++ : UINT32_MAX;
}

/* ---- drawing --------------------------------------------------------------------------------------------------- */

/* A lane is as wide as its longest text. */
static void place_lanes(struct page *p)
{
	for (u32 lane = 0; lane < p->lanes; lane++)
		p->width[lane] = LANE_WIDTH_MIN;
	for (u32 i = 0; i < p->lines; i++) {
		u32 wanted = AXIS + 44 + (u32)(CHARACTER * (double)strlen(p->line[i].text));
		u32 *width = p->line[i].lane == UINT32_MAX ? NULL : &p->width[p->line[i].lane];

		if (width)
			*width = clamp(wanted, *width, (u32)LANE_WIDTH_MAX);
	}
	p->x[0] = GUTTER;
	for (u32 lane = 0; lane < p->lanes; lane++)
		p->x[lane + 1] = p->x[lane] + p->width[lane];
}

static u32 line_y(u32 line)
{
	return HEADER + line * ROW_HEIGHT;
}

static void draw_lanes(const struct page *p, u32 height)
{
	for (u32 task = 0; task < RT_MAX_TASKS; task++) {
		u32 lane = p->lane[task], x;

		if (lane == UINT32_MAX)
			continue;
		x = p->x[lane];
		fprintf(p->out,
			"<rect x=\"%u\" y=\"0\" width=\"%u\" height=\"%u\" rx=\"6\" fill=\"var(--lane)\" "
			"stroke=\"var(--rule)\"/>\n<text class=\"name\" x=\"%u\" y=\"22\">",
			x + 3, p->width[lane] - 6, height, x + AXIS);
		escape(p->out, p->t->task[task].name);
		fprintf(p->out, "</text><text class=\"dim\" x=\"%u\" y=\"40\">CPU %u%s</text>\n", x + AXIS,
			p->t->task[task].cpu, p->t->task[task].daemon ? ", kernel thread" : "");
		fprintf(p->out, "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" stroke=\"var(--rule)\"/>\n", x + AXIS,
			HEADER, x + AXIS, height - 8);
	}
}

/* From an operation's first row to its result, or to the end of the picture. */
static void draw_operations(const struct page *p)
{
	for (u32 i = 0; i < p->lines; i++) {
		u32 end = i + 1;

		if (p->line[i].kind != ROW_OPERATION)
			continue;
		while (end < p->lines && !(p->line[end].lane == p->line[i].lane && p->line[end].kind == ROW_RESULT))
			end++;
		fprintf(p->out,
			"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"4\" fill=\"var(--op)\" "
			"stroke=\"var(--opline)\" stroke-width=\".6\"/>\n",
			p->x[p->line[i].lane] + 9, line_y(i) + 1, p->width[p->line[i].lane] - 18,
			(min(end + 1, p->lines) - i) * ROW_HEIGHT - 2);
	}
}

/* Where a task has the CPU: neighbouring rows of one lane. */
static void draw_running(const struct page *p)
{
	for (u32 i = 0, end; i < p->lines; i = end) {
		for (end = i + 1; end < p->lines && p->line[end].lane == p->line[i].lane; end++)
			;
		if (p->line[i].lane == UINT32_MAX)
			continue;
		fprintf(p->out,
			"<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" stroke=\"var(--run)\" stroke-width=\"3\" "
			"stroke-linecap=\"round\"/>\n",
			p->x[p->line[i].lane] + AXIS, line_y(i) + 4, p->x[p->line[i].lane] + AXIS, line_y(end) - 4);
	}
}

static void draw_arrow(const struct page *p, u32 i)
{
	const struct line *line = &p->line[i];
	u32 from, to, y = line_y(i) + ROW_HEIGHT / 2;
	bool right;

	if (line->other == UINT32_MAX)
		return;
	from = p->x[line->lane] + AXIS;
	to = p->x[line->other] + AXIS;
	right = to > from;
	fprintf(p->out,
		"<path d=\"M%u %uH%u\" stroke=\"var(--arrow)\" stroke-width=\"1.6\" stroke-dasharray=\"5 3\" "
		"fill=\"none\" "
		"marker-end=\"url(#head)\"/>\n<text class=\"pre\" x=\"%u\" y=\"%u\">preempted</text>\n",
		from, y, right ? to - 7 : to + 7, right ? from + 10 : from - 78, y + 13);
}

static const char *class_of(enum row_kind kind)
{
	switch (kind) {
	case ROW_OPERATION:
	case ROW_RESULT:
		return "op";
	case ROW_ACCESS:
	case ROW_POINT:
		return "";
	case ROW_VERDICT:
		return "bad";
	default:
		return "dim";
	}
}

static void draw_line(const struct page *p, u32 i)
{
	const struct line *line = &p->line[i];
	u32 x = line->lane == UINT32_MAX ? GUTTER : p->x[line->lane], y = line_y(i);
	u32 indent = line->kind == ROW_OPERATION || line->kind == ROW_RESULT ? 12 : 24;

	if (line->kind == ROW_PREEMPTED) {
		draw_arrow(p, i);
		return;
	}
	fprintf(p->out, "<text class=\"dim\" x=\"%u\" y=\"%u\" text-anchor=\"end\">%" PRIu64 "</text>\n", GUTTER - 8,
		y + 14, line->step);
	if (line->kind == ROW_VERDICT)
		fprintf(p->out,
			"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"4\" fill=\"var(--badbg)\" "
			"stroke=\"var(--bad)\"/>\n",
			x + 9, y, (line->lane == UINT32_MAX ? LANE_WIDTH_MIN : p->width[line->lane]) - 18, ROW_HEIGHT);
	if (line->kind == ROW_POINT || line->kind == ROW_ACCESS)
		fprintf(p->out, "<circle cx=\"%u\" cy=\"%u\" r=\"%s\" fill=\"var(--run)\"/>\n", x + AXIS,
			y + ROW_HEIGHT / 2, line->kind == ROW_POINT ? "4" : "2.5");
	fprintf(p->out, "<text class=\"%s\" x=\"%u\" y=\"%u\">", class_of(line->kind), x + AXIS + indent, y + 14);
	escape(p->out, line->text);
	fputs("</text>\n", p->out);
}

static void draw(const struct page *p)
{
	u32 height = line_y(p->lines) + 16, width = p->x[p->lanes] + 16;

	fprintf(p->out,
		"<div class=\"scroll\"><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		"role=\"img\" "
		"aria-label=\"who runs when\">\n"
		"<defs><marker id=\"head\" markerWidth=\"8\" markerHeight=\"8\" refX=\"4\" refY=\"4\" orient=\"auto\">"
		"<path d=\"M0 0L8 4L0 8z\" fill=\"var(--arrow)\"/></marker></defs>\n",
		width, height);
	draw_lanes(p, height);
	draw_operations(p);
	draw_running(p);
	for (u32 i = 0; i < p->lines; i++)
		draw_line(p, i);
	fputs("</svg></div>\n", p->out);
}

static void print_page(const struct page *p, const char *below)
{
	const struct rt_verdict *v = &p->t->result.rt.verdict;
	const char *name = p->t->scenario->name[0] ? p->t->scenario->name : "a run";

	fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
	      p->out);
	escape(p->out, name);
	fprintf(p->out, "</title>\n%s</head><body>\n<h1>", style);
	escape(p->out, name);
	fputs("</h1>\n<p><b>", p->out);
	escape(p->out, verdict_name(v->kind));
	fputs("</b> ", p->out);
	escape(p->out, v->kind == VERDICT_ok ? "every law held" : v->signature);
	fprintf(p->out,
		" &middot; %" PRIu64 " steps, preempted %" PRIu64 " time%s; numbers on the left are steps</p>\n",
		p->t->result.rt.steps, p->t->result.rt.preemptions, p->t->result.rt.preemptions == 1 ? "" : "s");
	draw(p);
	fputs("<pre>", p->out);
	escape(p->out, below);
	fputs("</pre>\n</body></html>\n", p->out);
}

char *swimlanes_html(const struct timeline *t, const char *below, bool all)
{
	struct page p = {.t = t};
	char *text = NULL;
	size_t size = 0;

	choose_lanes(&p);
	p.out_of_memory = rows_visit(t, all, collect, &p) != 0 || p.out_of_memory;
	p.out = p.out_of_memory ? NULL : open_memstream(&text, &size);
	if (p.out) {
		place_lanes(&p);
		print_page(&p, below);
		if (fclose(p.out)) {
			free(text);
			text = NULL;
		}
	}
	for (u32 i = 0; i < p.lines; i++)
		free(p.line[i].text);
	free(p.line);
	return text;
}
