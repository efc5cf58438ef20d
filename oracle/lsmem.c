/* SPDX-License-Identifier: MIT */
#include "oracle/lsmem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "oracle/blocks.h"

enum column { RANGE, SIZE, STATE, REMOVABLE, BLOCK, NODE, ZONES, NR_COLUMNS };

static const char *const column_names[NR_COLUMNS] = {"RANGE", "SIZE", "STATE", "REMOVABLE", "BLOCK", "NODE", "ZONES"};

struct lsmem_row {
	u64 first, last; /* blocks */
	char state[16], removable[8], node[8], zones[64];
};

struct lsmem {
	enum { TABLE, JSON, PAIRS } format;
	bool all, bytes, rows, summary;
	bool shown[NR_COLUMNS], split[NR_COLUMNS];
	u32 nr;
	u64 online, offline; /* bytes */
	struct lsmem_row row[GUEST_BLOCKS_MAX];
};

/* ---- the command line ------------------------------------------------------------------------------------------ */

static bool set_columns(const char *list, bool *columns)
{
	char copy[128], *at = copy, *name;

	snprintf(copy, sizeof(copy), "%s", list);
	while ((name = strsep(&at, ",")) != NULL) {
		u32 i = 0;

		while (i < NR_COLUMNS && strcmp(column_names[i], name) != 0)
			i++;
		if (i == NR_COLUMNS)
			return false;
		columns[i] = true;
	}
	return true;
}

static bool take_option(struct lsmem *l, const char *word, char **rest)
{
	if (strcmp(word, "-a") == 0)
		l->all = true;
	else if (strcmp(word, "-b") == 0)
		l->bytes = true;
	else if (strcmp(word, "-J") == 0)
		l->format = JSON;
	else if (strcmp(word, "-P") == 0)
		l->format = PAIRS;
	else if (strcmp(word, "--summary=only") == 0)
		l->rows = false;
	else if (strncmp(word, "-o+", 3) == 0)
		return set_columns(word + 3, l->shown);
	else if (strcmp(word, "-o") == 0 && *rest)
		return set_columns(strsep(rest, " "), l->shown);
	else if (strcmp(word, "-S") == 0 && *rest)
		return set_columns(strsep(rest, " "), l->split);
	else
		return false;
	return true;
}

static bool parse(const char *command, struct lsmem *l)
{
	char copy[256], *at = copy, *word;
	bool split = false;

	snprintf(copy, sizeof(copy), "%s", command);
	if (strcmp(strsep(&at, " "), "lsmem") != 0)
		return false;
	l->rows = l->summary = true;
	for (enum column i = RANGE; i <= BLOCK; i++)
		l->shown[i] = true;
	while ((word = strsep(&at, " ")) != NULL)
		if (*word && !take_option(l, word, &at))
			return false;
	for (u32 i = 0; i < NR_COLUMNS; i++)
		split = split || l->split[i];
	/* What is shown decides, unless it was said. */
	for (u32 i = 0; i < NR_COLUMNS && !split; i++)
		l->split[i] = l->shown[i];
	if (l->format != TABLE)
		l->summary = false;
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

static struct lsmem_row read_row(u64 id)
{
	struct lsmem_row row = {.first = id, .last = id};

	block_read(id, "state", row.state, sizeof(row.state));
	/* What is offline is removed already. */
	if (strcmp(row.state, "online") == 0)
		snprintf(row.removable, sizeof(row.removable), "%s", block_reads(id, "removable", "1") ? "yes" : "no");
	snprintf(row.node, sizeof(row.node), "%d", core_block_node(id));
	block_read(id, "valid_zones", row.zones, sizeof(row.zones));
	if (strcmp(row.zones, "none") == 0)
		snprintf(row.zones, sizeof(row.zones), "None");
	for (char *c = row.zones; *c; c++)
		*c = *c == ' ' ? '/' : *c;
	return row;
}

static bool joins(const struct lsmem *l, const struct lsmem_row *a, const struct lsmem_row *b)
{
	return !l->all && a->last + 1 == b->first && (!l->split[STATE] || strcmp(a->state, b->state) == 0) &&
	       (!l->split[REMOVABLE] || strcmp(a->removable, b->removable) == 0) &&
	       (!l->split[NODE] || strcmp(a->node, b->node) == 0) &&
	       (!l->split[ZONES] || strcmp(a->zones, b->zones) == 0);
}

static void read_rows(struct lsmem *l)
{
	u64 ids[GUEST_BLOCKS_MAX];
	u32 nr = blocks_listed(ids, false);

	for (u32 i = 0; i < nr; i++) {
		struct lsmem_row row = read_row(ids[i]);

		*(strcmp(row.state, "online") == 0 ? &l->online : &l->offline) += BLOCK_BYTES;
		if (l->nr && joins(l, &l->row[l->nr - 1], &row))
			l->row[l->nr - 1].last = row.last;
		else
			l->row[l->nr++] = row;
	}
}

/* ---- cells ----------------------------------------------------------------------------------------------------- */

/* "128M", "1.3G": one digit behind the point, rounded, if it is not 0. */
static void size_text(const struct lsmem *l, u64 bytes, char *buf, size_t size)
{
	u32 shift = bytes >> 30 ? 30 : 20;
	u64 tenths = (bytes * 10 + (BIT(shift) / 2)) >> shift;
	char unit = shift == 30 ? 'G' : 'M';

	if (l->bytes)
		snprintf(buf, size, "%" PRIu64, bytes);
	else if (!bytes)
		snprintf(buf, size, "0B");
	else if (tenths % 10)
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10, unit);
	else
		snprintf(buf, size, "%" PRIu64 "%c", tenths / 10, unit);
}

static void cell_text(const struct lsmem *l, const struct lsmem_row *row, enum column column, char *buf, size_t size)
{
	const char *const texts[NR_COLUMNS] = {
		[STATE] = row->state, [REMOVABLE] = row->removable, [NODE] = row->node, [ZONES] = row->zones};

	if (column == RANGE)
		snprintf(buf, size, "0x%016llx-0x%016llx", row->first * BLOCK_BYTES, (row->last + 1) * BLOCK_BYTES - 1);
	else if (column == SIZE)
		size_text(l, (row->last + 1 - row->first) * BLOCK_BYTES, buf, size);
	else if (column != BLOCK)
		snprintf(buf, size, "%s", texts[column]);
	else if (row->first == row->last)
		snprintf(buf, size, "%" PRIu64, row->first);
	else
		snprintf(buf, size, "%" PRIu64 "-%" PRIu64, row->first, row->last);
}

/* ---- formats --------------------------------------------------------------------------------------------------- */

/* The first column is aligned to the left, the others to the right. */
static void print_line(const struct lsmem *l, const int *width, const struct lsmem_row *row, struct output *o)
{
	char text[96];
	bool first = true;

	for (u32 i = 0; i < NR_COLUMNS; i++) {
		if (!l->shown[i])
			continue;
		if (row)
			cell_text(l, row, i, text, sizeof(text));
		else
			snprintf(text, sizeof(text), "%s", column_names[i]);
		output_add(o, first ? "%-*s" : " %*s", width[i], text);
		first = false;
	}
	output_add(o, "\n");
}

static void print_table(const struct lsmem *l, struct output *o)
{
	int width[NR_COLUMNS];
	char text[96];

	for (u32 i = 0; i < NR_COLUMNS; i++) {
		width[i] = (int)strlen(column_names[i]);
		for (u32 row = 0; row < l->nr; row++) {
			cell_text(l, &l->row[row], i, text, sizeof(text));
			/* Sizes are a column wider than the longest, as they are printed. */
			width[i] = max(width[i], (int)strlen(text) + (i == SIZE));
		}
	}
	print_line(l, width, NULL, o);
	for (u32 row = 0; row < l->nr; row++)
		print_line(l, width, &l->row[row], o);
}

static void print_pairs(const struct lsmem *l, struct output *o)
{
	char text[96];

	for (u32 row = 0; row < l->nr; row++) {
		for (u32 i = 0; i < NR_COLUMNS; i++) {
			cell_text(l, &l->row[row], i, text, sizeof(text));
			if (l->shown[i])
				output_add(o, "%s%s=\"%s\"", i ? " " : "", column_names[i], text);
		}
		output_add(o, "\n");
	}
}

static void print_json(const struct lsmem *l, struct output *o)
{
	static const char *const keys[NR_COLUMNS] = {"range", "size", "state", "removable", "block", "node", "zones"};
	char text[96];

	output_add(o, "{\n   \"memory\": [\n      {");
	for (u32 row = 0; row < l->nr; row++) {
		output_add(o, row ? ",{\n" : "\n");
		for (u32 i = 0; i < NR_COLUMNS; i++) {
			cell_text(l, &l->row[row], i, text, sizeof(text));
			if (!l->shown[i])
				continue;
			if (i == REMOVABLE)
				output_add(o, ",\n         \"%s\": %s", keys[i],
					   strcmp(text, "yes") == 0 ? "true" : "false");
			else
				output_add(o, "%s         \"%s\": \"%s\"", i ? ",\n" : "", keys[i], text);
		}
		output_add(o, "\n      }");
	}
	output_add(o, "\n   ]\n}\n");
}

static void print_summary(const struct lsmem *l, struct output *o)
{
	const struct {
		const char *name;
		u64 bytes;
	} lines[] = {
		{"Memory block size:", BLOCK_BYTES},
		{"Total online memory:", l->online},
		{"Total offline memory:", l->offline},
	};
	char text[32];

	output_add(o, "%s", l->rows ? "\n" : "");
	for (u32 i = 0; i < ARRAY_SIZE(lines); i++) {
		size_text(l, lines[i].bytes, text, sizeof(text));
		output_add(o, "%-23s %*s\n", lines[i].name, l->bytes ? 15 : 5, text);
	}
}

bool lsmem_perform(const char *command, struct output *o)
{
	static struct lsmem l;

	l = (struct lsmem){.nr = 0};
	if (!parse(command, &l))
		return false;
	read_rows(&l);
	if (l.rows && l.format == JSON)
		print_json(&l, o);
	else if (l.rows && l.format == PAIRS)
		print_pairs(&l, o);
	else if (l.rows)
		print_table(&l, o);
	if (l.summary)
		print_summary(&l, o);
	return true;
}
