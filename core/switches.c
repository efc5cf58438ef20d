/* SPDX-License-Identifier: MIT */
/* Switches: which alternative of each design, which bugs (designs.def, bugs.def). */
#include "core/core.h"

#include <stdio.h>
#include <string.h>

/* A structure for each design, with a byte for each of its alternatives: its size counts them. */
struct alternatives_of_nothing {
	char none;
#define DESIGN(id, def, in_6_1, text)                                                                                  \
	}                                                                                                              \
	;                                                                                                              \
	struct alternatives_of_##id {
#define ALTERNATIVE(design, id, text) char design##_##id;
#include "core/designs.def"
#undef DESIGN
#undef ALTERNATIVE
};

/* Rows of the table: those before a design are the designs and the alternatives before it. */
enum {
#define DESIGN(id, def, in_6_1, text) ROW_##id,
#define ALTERNATIVE(design, id, text) ROW_##design##_##id,
#include "core/designs.def"
#undef DESIGN
#undef ALTERNATIVE
};

const struct design_info design_infos[NR_DESIGNS] = {
#define DESIGN(id, def, in_6_1, text)                                                                                  \
	[DESIGN_##id] = {#id,                                                                                          \
			 text,                                                                                         \
			 (u16)ROW_##id - (u16)DESIGN_##id,                                                             \
			 sizeof(struct alternatives_of_##id),                                                          \
			 ALT_##id##_##def,                                                                             \
			 ALT_##id##_##in_6_1},
#define ALTERNATIVE(design, id, text)
#include "core/designs.def"
#undef DESIGN
#undef ALTERNATIVE
};

const struct alternative_info alternative_infos[NR_ALTERNATIVES] = {
#define DESIGN(id, def, in_6_1, text)
#define ALTERNATIVE(design, id, text) [ALT_##design##_##id] = {#id, text, DESIGN_##design},
#include "core/designs.def"
#undef DESIGN
#undef ALTERNATIVE
};

const struct bug_info bug_infos[NR_BUGS + 1] = {
#define BUG_SWITCH(id, since, fixed, summary) [BUG_##id] = {#id, since, fixed, summary},
#include "core/bugs.def"
#undef BUG_SWITCH
};

void switches_default(struct switches *sw)
{
	memset(sw, 0, sizeof(*sw));
	for (u32 i = 0; i < NR_DESIGNS; i++)
		sw->design[i] = design_infos[i].default_alternative;
}

/* Is version @a, "3.11", at or before @b, "6.1"? False if one of them is none; what follows a version is ignored. */
static bool version_at_most(const char *a, const char *b)
{
	unsigned int a_major, a_minor = 0, b_major, b_minor = 0;

	if (sscanf(a, "%u.%u", &a_major, &a_minor) < 1 || sscanf(b, "%u.%u", &b_major, &b_minor) < 1)
		return false;
	return a_major != b_major ? a_major < b_major : a_minor <= b_minor;
}

bool bug_in_kernel(const struct bug_info *bug, const char *version)
{
	/* A fix in mainline is in all that follow, one in a stable series in that series alone. */
	if (!version_at_most(bug->since, version) || version_at_most(bug->fixed, version))
		return false;
	for (const char *series = strchr(bug->fixed, ' '); series; series = strchr(series + 1, ' ')) {
		if (version_at_most(series, version) && version_at_most(version, series))
			return false;
	}
	return true;
}

int switches_set_era(struct switches *sw, const char *era)
{
	bool linux_6_1 = strcmp(era, "6.1") == 0;

	if (!linux_6_1 && strcmp(era, "none") != 0)
		return -EINVAL;
	switches_default(sw);
	if (!linux_6_1)
		return 0;
	for (u32 i = 0; i < NR_DESIGNS; i++)
		sw->design[i] = design_infos[i].in_6_1;
	for (u32 i = 0; i < NR_BUGS; i++)
		sw->bug[i] = bug_in_kernel(&bug_infos[i], era);
	return 0;
}

static bool name_is(const char *name, const char *text, size_t length)
{
	return strlen(name) == length && memcmp(name, text, length) == 0;
}

/* Appends to a text that may be cut off at @size. */
static void append(char *text, size_t size, const char *separator, const char *word)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%s", separator, word);
}

static int set_design(struct switches *sw, u32 id, const char *value, char *error, size_t size)
{
	const struct design_info *design = &design_infos[id];

	for (u16 alt = design->first; alt < design->first + design->count; alt++) {
		if (strcmp(alternative_infos[alt].name, value) == 0) {
			sw->design[id] = alt;
			return 0;
		}
	}
	snprintf(error, size, "design %s: '%s' is none of", design->name, value);
	for (u16 alt = design->first; alt < design->first + design->count; alt++)
		append(error, size, alt == design->first ? " " : ", ", alternative_infos[alt].name);
	return -EINVAL;
}

static int set_bug(struct switches *sw, u32 id, const char *value, char *error, size_t size)
{
	if (strcmp(value, "on") == 0 || strcmp(value, "off") == 0) {
		sw->bug[id] = value[1] == 'n';
		return 0;
	}
	snprintf(error, size, "bug %s: expected on or off, found '%s'", bug_infos[id].name, value);
	return -EINVAL;
}

int switches_set(struct switches *sw, const char *assignment, char *error, size_t size)
{
	const char *equals = strchr(assignment, '=');
	size_t length = equals ? (size_t)(equals - assignment) : strlen(assignment);

	if (!equals || length == 0) {
		snprintf(error, size, "expected design=alternative or bug=on|off, found '%s'", assignment);
		return -EINVAL;
	}
	for (u32 i = 0; i < NR_DESIGNS; i++)
		if (name_is(design_infos[i].name, assignment, length))
			return set_design(sw, i, equals + 1, error, size);
	for (u32 i = 0; i < NR_BUGS; i++)
		if (name_is(bug_infos[i].name, assignment, length))
			return set_bug(sw, i, equals + 1, error, size);
	snprintf(error, size, "no design or bug is called '%.*s'; designs are", (int)length, assignment);
	for (u32 i = 0; i < NR_DESIGNS; i++)
		append(error, size, i ? ", " : " ", design_infos[i].name);
	append(error, size, "; ", "'pfnstorm bugs' lists the bugs");
	return -EINVAL;
}
