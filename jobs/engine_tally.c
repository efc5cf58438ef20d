/* SPDX-License-Identifier: MIT */
#include "jobs/engine_tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/file.h"

static void add_signature(struct engine_tally *t, const char *text, u64 count)
{
	u32 i = 0;

	while (i < t->nr_signatures && strcmp(t->signature[i].text, text) != 0)
		i++;
	if (i == TALLY_SIGNATURES)
		return;
	if (i == t->nr_signatures) {
		snprintf(t->signature[i].text, sizeof(t->signature[i].text), "%s", text);
		t->nr_signatures++;
	}
	t->signature[i].count += count;
}

static void add_errno(struct engine_op *op, const char *name, u64 count)
{
	for (u32 i = 0; i < TALLY_ERRNOS; i++) {
		if (op->err[i].name[0] && strcmp(op->err[i].name, name) != 0)
			continue;
		snprintf(op->err[i].name, sizeof(op->err[i].name), "%s", name);
		op->err[i].count += count;
		return;
	}
}

static struct engine_op *op_named(struct engine_tally *t, const char *name)
{
	const struct op_info *info = op_info_by_name(name);

	return info ? &t->op[info->id] : NULL;
}

/* "op NAME A B", "errno NAME ERRNO N", "overlapped NAME MASK". */
static void add_op_line(struct engine_tally *t, const char *line)
{
	char name[32], err[16];
	u64 a, b;
	struct engine_op *op;

	if (sscanf(line, "op %31s %" SCNu64 " %" SCNu64, name, &a, &b) == 3 && (op = op_named(t, name))) {
		op->attempts += a;
		op->successes += b;
	} else if (sscanf(line, "errno %31s %15s %" SCNu64, name, err, &a) == 3 && (op = op_named(t, name))) {
		add_errno(op, err, a);
	} else if (sscanf(line, "overlapped %31s %" SCNx64, name, &a) == 2 && (op = op_named(t, name))) {
		op->overlapped |= a;
	}
}

static void add_line(struct engine_tally *t, const char *line)
{
	char name[32];
	int text = 0;
	u64 n;

	if (sscanf(line, "signature %" SCNu64 " %*u %n", &n, &text) >= 1 && text) {
		add_signature(t, line + text, n);
	} else if (sscanf(line, "verdict %31s %" SCNu64, name, &n) == 2) {
		for (u32 i = 0; i < NR_VERDICTS; i++)
			if (strcmp(verdict_name(i), name) == 0)
				t->verdict[i] += n;
	} else if (sscanf(line, "%31s %" SCNu64, name, &n) == 2) {
		if (strcmp(name, "inputs") == 0)
			t->inputs += n;
		else if (strcmp(name, "runs") == 0)
			t->runs += n;
		else if (strcmp(name, "boots") == 0)
			t->boots += n;
		else if (strcmp(name, "interleavings") == 0)
			t->interleavings = max(t->interleavings, n);
	} else {
		add_op_line(t, line);
	}
}

/* Reports are replaced whole; one that was copied or cut short has no last line. */
static bool is_complete(const char *text)
{
	static const char first[] = "pfnstorm-stats 1\n", last[] = "\nend\n";
	size_t len = strlen(text);

	return strncmp(text, first, sizeof(first) - 1) == 0 && len >= sizeof(last) &&
	       strcmp(text + len - (sizeof(last) - 1), last) == 0;
}

bool engine_tally_add_file(struct engine_tally *sum, const char *path)
{
	char *text = file_read(path, NULL), *save = NULL;
	bool complete = text && is_complete(text);

	for (char *line = complete ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
		add_line(sum, line);
	free(text);
	return complete;
}

void engine_tally_add(struct engine_tally *sum, const struct engine_tally *one)
{
	sum->inputs += one->inputs;
	sum->runs += one->runs;
	sum->boots += one->boots;
	sum->interleavings = max(sum->interleavings, one->interleavings);
	for (u32 i = 0; i < NR_VERDICTS; i++)
		sum->verdict[i] += one->verdict[i];
	for (u32 i = 0; i < TALLY_OPS; i++) {
		sum->op[i].attempts += one->op[i].attempts;
		sum->op[i].successes += one->op[i].successes;
		sum->op[i].overlapped |= one->op[i].overlapped;
		for (u32 j = 0; j < TALLY_ERRNOS && one->op[i].err[j].name[0]; j++)
			add_errno(&sum->op[i], one->op[i].err[j].name, one->op[i].err[j].count);
	}
	for (u32 i = 0; i < one->nr_signatures; i++)
		add_signature(sum, one->signature[i].text, one->signature[i].count);
}

static void print_op(FILE *f, const struct op_info *info, const struct engine_op *op)
{
	if (op->attempts)
		fprintf(f, "op %s %" PRIu64 " %" PRIu64 "\n", info->name, op->attempts, op->successes);
	for (u32 j = 0; j < TALLY_ERRNOS && op->err[j].name[0]; j++)
		fprintf(f, "errno %s %s %" PRIu64 "\n", info->name, op->err[j].name, op->err[j].count);
	if (op->overlapped)
		fprintf(f, "overlapped %s 0x%" PRIx64 "\n", info->name, op->overlapped);
}

char *engine_tally_print(const struct engine_tally *t)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f,
		"pfnstorm-stats 1\ninputs %" PRIu64 "\nruns %" PRIu64 "\nboots %" PRIu64 "\ninterleavings %" PRIu64
		"\n",
		t->inputs, t->runs, t->boots, t->interleavings);
	for (u32 i = 0; i < NR_VERDICTS; i++)
		if (t->verdict[i])
			fprintf(f, "verdict %s %" PRIu64 "\n", verdict_name(i), t->verdict[i]);
	for (u32 i = 0; i < nr_op_infos; i++)
		print_op(f, &op_infos[i], &t->op[op_infos[i].id]);
	for (u32 i = 0; i < t->nr_signatures; i++)
		fprintf(f, "signature %" PRIu64 " 0 %s\n", t->signature[i].count, t->signature[i].text);
	fputs("end\n", f);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

u32 engine_tally_pairs(const struct engine_tally *t)
{
	u32 n = 0;

	for (u32 i = 0; i < nr_op_infos; i++)
		for (u32 j = i; j < nr_op_infos; j++)
			n += (t->op[op_infos[i].id].overlapped >> op_infos[j].id |
			      t->op[op_infos[j].id].overlapped >> op_infos[i].id) &
			     1;
	return n;
}

u32 engine_tally_all_pairs(void)
{
	return nr_op_infos * (nr_op_infos + 1) / 2;
}
