/* SPDX-License-Identifier: MIT */
#include "oracle/texts.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define PAGE_BYTES 4096ULL
#define DIGITS "0123456789"

/* How much of a line repeats from boot to boot. */
static size_t all_of(const char *line)
{
	return strlen(line);
}

/* Up to the colon, or up to the first number without the blanks that align it. */
static size_t label_of(const char *line)
{
	const char *colon = strchr(line, ':');
	size_t len = colon ? (size_t)(colon - line) : strcspn(line, DIGITS);

	while (len && line[len - 1] == ' ')
		len--;
	return len;
}

/* Counters and free pages; not what the zone is. */
static size_t of_zoneinfo(const char *line)
{
	bool count = strstr(line, "pages free") || strstr(line, " count:") || strncmp(line, "      nr_", 9) == 0;

	return count ? label_of(line) : strlen(line);
}

static size_t of_meminfo(const char *line)
{
	return strstr(line, "MemFree:") || strstr(line, "MemUsed:") ? label_of(line) : strlen(line);
}

/* "Node 0, zone   Normal", then numbers of free blocks. */
static size_t of_buddyinfo(const char *line)
{
	return min(strlen(line), strlen("Node 0, zone   Normal"));
}

/* Lists of free blocks, then types of pageblocks: those of ZONE_MOVABLE repeat. */
static size_t of_pagetypeinfo(const char *line)
{
	if (strncmp(line, "Node ", 5) != 0)
		return strlen(line);
	if (strstr(line, ", type "))
		return min(strlen(line), strlen("Node    0, zone   Normal, type    Unmovable"));
	return strstr(line, " Movable ") ? strlen(line) : of_buddyinfo(line);
}

static const struct text_rule {
	const char *path; /* a pattern of fnmatch(3) */
	size_t (*repeats)(const char *line);
} rules[] = {
	{"/proc/zoneinfo", of_zoneinfo},
	{"/proc/buddyinfo", of_buddyinfo},
	{"/proc/pagetypeinfo", of_pagetypeinfo},
	{"/proc/vmstat", label_of},
	{"/sys/devices/system/node/node[0-9]/vmstat", label_of},
	{"/proc/meminfo", of_meminfo},
	{"/sys/devices/system/node/node[0-9]/meminfo", of_meminfo},
	{"/proc/iomem", all_of},
};

static const struct text_rule *rule_of(const char *path)
{
	for (u32 i = 0; i < ARRAY_SIZE(rules); i++)
		if (fnmatch(rules[i].path, path, 0) == 0)
			return &rules[i];
	return NULL;
}

bool texts_known(const char *path)
{
	return rule_of(path) != NULL;
}

void texts_system_ram(const char *lines, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (const char *line = lines; line && *line && len < size; line = strchr(line, '\n')) {
		unsigned long long first, last;
		char name[64];

		line += *line == '\n';
		if (sscanf(line, " %llx-%llx : %63[^\n]", &first, &last, name) != 3 ||
		    strncmp(name, "System RAM", 10) != 0)
			continue;
		first = ALIGN(first, PAGE_BYTES);
		last = ALIGN_DOWN(last + 1, PAGE_BYTES) - 1;
		len += (size_t)snprintf(buf + len, size - len, "%llx-%llx %s\n", first, last, name);
	}
}

static bool same_label(const char *a, const char *b)
{
	size_t len = label_of(a);

	return len == label_of(b) && strncmp(a, b, len) == 0;
}

/* A field each, but for lines of which nothing but the label can be compared: those are counted, in one. */
static void compare_lines(struct comparison *c, const struct text_rule *rule, char *kernel, char *model,
			  bool kernel_ends)
{
	u32 labels = 0, found = 0;
	char *line;

	while ((line = strsep(&model, "\n")) != NULL) {
		size_t len = rule->repeats(line);
		char *other = NULL;

		while (kernel && (other = strsep(&kernel, "\n")) && !same_label(other, line))
			other = NULL;
		if (!other && kernel_ends)
			break;
		if (len < strlen(line) && len == label_of(line)) {
			labels++;
			found += other != NULL;
			continue;
		}
		line[len] = '\0';
		if (other)
			other[rule->repeats(other)] = '\0';
		compare_text(c, "result.text", other ? other : "no such line", line);
	}
	compare_number(c, "result.text.labels", found, labels);
}

void texts_compare(struct comparison *c, const char *path, char *kernel, char *model, bool kernel_ends)
{
	static char kernel_ram[TEXTS_MAX], model_ram[TEXTS_MAX];
	const struct text_rule *rule = rule_of(path);

	if (rule->repeats == all_of) {
		texts_system_ram(kernel, kernel_ram, sizeof(kernel_ram));
		texts_system_ram(model, model_ram, sizeof(model_ram));
		compare_text(c, "result.text", kernel_ram, model_ram);
	} else {
		compare_lines(c, rule, kernel, model, kernel_ends);
	}
}
