/* SPDX-License-Identifier: MIT */
#include "oracle/chmem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/blocks.h"

#define SOME_OF_IT 64 /* exit status: not all */

struct chmem {
	bool enable, verbose;
	char zone[16]; /* empty: none was asked for */
	u64 first, last;
	u64 count; /* of blocks, whichever can be had; 0: the range instead */
};

/* ---- the command line ------------------------------------------------------------------------------------------ */

/* "33", "0-1": blocks with @by_number, else addresses; "128m": a size. */
static bool parse_what(const char *word, bool by_number, struct chmem *c)
{
	u64 unit = by_number ? 1 : BLOCK_BYTES;
	char *end;

	c->first = strtoull(word, &end, 0) / unit;
	c->last = c->first;
	if (*end == '-')
		c->last = strtoull(end + 1, &end, 0) / unit;
	else if (!by_number)
		c->count = step_bytes(word) / BLOCK_BYTES;
	return end != word && (c->count ? strchr("KkMmGg", *end) != NULL : !*end);
}

static bool parse(const char *command, struct chmem *c)
{
	char copy[256], *at = copy, *word;
	bool by_number = false, found = false;

	*c = (struct chmem){.count = 0};
	if (strncmp(command, "chmem ", 6) != 0)
		return false;
	snprintf(copy, sizeof(copy), "%s", command + 6);
	while ((word = strsep(&at, " ")) != NULL) {
		if (strcmp(word, "-z") == 0 && at)
			snprintf(c->zone, sizeof(c->zone), "%s", strsep(&at, " "));
		else if (strcmp(word, "-e") == 0 || strcmp(word, "-d") == 0)
			c->enable = word[1] == 'e';
		else if (strcmp(word, "-v") == 0)
			c->verbose = true;
		else if (strcmp(word, "-b") == 0)
			by_number = true;
		else if (*word == '-' || found || !parse_what(word, by_number, c))
			return false;
		else
			found = true;
	}
	return found;
}

/* ---- a block --------------------------------------------------------------------------------------------------- */

static bool zone_fits(const struct chmem *c, const char *zones)
{
	return c->enable ? strcasestr(zones, c->zone) != NULL : strncasecmp(zones, c->zone, strlen(c->zone)) == 0;
}

/* What is written: memory that can be movable becomes so, unless a zone was named. */
static const char *type_for(const struct chmem *c, const char *zones)
{
	if (!c->enable)
		return "offline";
	if (c->zone[0])
		return strcasecmp(c->zone, "Movable") == 0 ? "online_movable" : "online_kernel";
	return strcasestr(zones, "Movable") ? "online_movable" : "online";
}

enum chmem_result { CHMEM_DONE, CHMEM_ALREADY, CHMEM_OTHER_ZONE, CHMEM_FAILED };

/* *@err: why it failed. */
static enum chmem_result change_block(const struct chmem *c, u64 id, int *err)
{
	char zones[64];
	s64 ret;

	if (block_reads(id, "state", c->enable ? "online" : "offline"))
		return CHMEM_ALREADY;
	block_read(id, "valid_zones", zones, sizeof(zones));
	if (c->zone[0] && !zone_fits(c, zones))
		return CHMEM_OTHER_ZONE;
	ret = block_write_state(id, type_for(c, zones));
	*err = ret < 0 ? (int)-ret : 0;
	return ret < 0 ? CHMEM_FAILED : CHMEM_DONE;
}

/* ---- all that was asked for ------------------------------------------------------------------------------------ */

/* The first ones that are offline, or the last ones that are online. */
static int change_size(const struct chmem *c, const u64 *ids, u32 nr, struct output *o)
{
	u64 left = c->count, mib;
	int err;

	for (u32 i = 0; i < nr && left; i++)
		left -= change_block(c, ids[c->enable ? i : nr - 1 - i], &err) == CHMEM_DONE;
	if (!left)
		return 0;
	mib = (c->count - left) * (BLOCK_BYTES >> 20);
	output_add(o, "chmem: Could only %s %" PRIu64 "M of memory\n", c->enable ? "enable" : "disable", mib);
	return left == c->count ? 1 : SOME_OF_IT;
}

static void report(const struct chmem *c, u64 id, enum chmem_result result, int err, struct output *o)
{
	const char *verb = c->enable ? "enable" : "disable";
	char block[96];

	snprintf(block, sizeof(block), "Memory Block %" PRIu64 " (0x%016llx-0x%016llx)", id, id * BLOCK_BYTES,
		 (id + 1) * BLOCK_BYTES - 1);
	if (result == CHMEM_FAILED)
		output_add(o, "chmem: %s %s failed: %s\n", block, verb, strerror(err));
	else if (result == CHMEM_OTHER_ZONE)
		output_add(o, "chmem: %s %s failed: Zone mismatch\n", block, verb);
	else if (c->verbose)
		output_add(o, "%s %s%sd\n", block, result == CHMEM_ALREADY ? "already " : "", verb);
}

static int change_range(const struct chmem *c, const u64 *ids, u32 nr, struct output *o)
{
	u64 all = c->last - c->first + 1, left = all;

	for (u32 i = 0; i < nr; i++) {
		enum chmem_result result;
		int err = 0;

		if (ids[i] < c->first || ids[i] > c->last)
			continue;
		result = change_block(c, ids[i], &err);
		report(c, ids[i], result, err, o);
		left -= result == CHMEM_DONE || result == CHMEM_ALREADY;
	}
	return !left ? 0 : left == all ? 1 : SOME_OF_IT;
}

bool chmem_perform(const char *command, struct output *o, int *status)
{
	u64 ids[GUEST_BLOCKS_MAX];
	struct chmem c;
	u32 nr;

	if (!parse(command, &c))
		return false;
	nr = blocks_listed(ids, false);
	*status = c.count ? change_size(&c, ids, nr, o) : change_range(&c, ids, nr, o);
	return true;
}
