/* SPDX-License-Identifier: MIT */
/* The text of a record; its form is in record.h. */
#include "crashes/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/grow.h"
#include "crashes/utc.h"

#define HEAD "pfnstorm-record 1"

static void print_times(FILE *f, const struct record *r)
{
	char first[UTC_LEN], last[UTC_LEN];

	utc_print(r->first, first);
	utc_print(r->last, last);
	fprintf(f, "first      %s\nlast       %s\n", first, last);
}

char *record_print(const struct record *r)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, HEAD "\n");
	for (u32 i = 0; i < r->nr_keys; i++)
		fprintf(f, "key        %s %s\n", r->key[i].cause[0] ? r->key[i].cause : "?",
			r->key[i].signature[0] ? r->key[i].signature : "*");
	fprintf(f, "status     %s\n", record_status_text(r->status));
	print_times(f, r);
	fprintf(f, "count      %" PRIu64 "\nrate       %" PRIu64 " of %" PRIu64 " runs\n", r->count, r->hits, r->runs);
	if (r->note[0])
		fprintf(f, "note       %s\n", r->note);
	for (u32 i = 0; i < r->nr_signatures; i++)
		fprintf(f, "signature  %" PRIu64 " %s %s\n", r->signature[i].count, r->signature[i].kind,
			r->signature[i].text);
	for (u32 i = 0; i < r->nr_folders; i++)
		fprintf(f, "folder     %s\n", r->folder[i]);
	for (u32 i = 0; i < r->nr_merged; i++)
		fprintf(f, "merged     %s\n", r->merged[i]);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

/* "CAUSE SIGNATURE" */
static bool parse_key(struct record *r, char *value)
{
	char *signature = strchr(value, ' ');
	struct record_key key = {0};

	if (!signature || !signature[1])
		return false;
	*signature++ = '\0';
	if (strcmp(value, "?") != 0)
		snprintf(key.cause, sizeof(key.cause), "%s", value);
	if (strcmp(signature, "*") != 0)
		snprintf(key.signature, sizeof(key.signature), "%s", signature);
	if (!r->nr_keys) {
		struct record *own = record_new(&key);

		memcpy(r->id, own->id, sizeof(r->id));
		record_free(own);
	}
	r->key = grow_array(r->key, r->nr_keys, sizeof(*r->key));
	r->key[r->nr_keys++] = key;
	return true;
}

/* "COUNT KIND TEXT" */
static bool parse_signature(struct record *r, const char *value)
{
	struct record_signature s = {0};
	int used = 0;

	if (sscanf(value, "%" SCNu64 " %31s %n", &s.count, s.kind, &used) != 2 || !used || !value[used])
		return false;
	snprintf(s.text, sizeof(s.text), "%s", value + used);
	r->signature = grow_array(r->signature, r->nr_signatures, sizeof(*r->signature));
	r->signature[r->nr_signatures++] = s;
	return true;
}

static bool parse_folder(struct record *r, const char *value)
{
	if (!value[0] || value[0] == '.' || strchr(value, '/') || strlen(value) > NAME_MAX)
		return false;
	record_add_folder(r, value);
	return true;
}

static bool parse_merged(struct record *r, const char *value)
{
	if (strlen(value) != RECORD_ID_LEN || strspn(value, "0123456789abcdef") != RECORD_ID_LEN)
		return false;
	r->merged = grow_array(r->merged, r->nr_merged, sizeof(*r->merged));
	snprintf(r->merged[r->nr_merged++], sizeof(*r->merged), "%s", value);
	return true;
}

static bool parse_status(struct record *r, const char *value)
{
	r->status = record_status_by_text(value);
	return r->status < NR_RECORD_STATUSES;
}

/* NULL, or what was expected instead. */
static const char *parse_field(struct record *r, const char *name, char *value)
{
	if (strcmp(name, "key") == 0)
		return parse_key(r, value) ? NULL : "a cause and a signature";
	if (strcmp(name, "status") == 0)
		return parse_status(r, value) ? NULL : "new, reproduced, minimised, fixed, regressed or wontfix";
	if (strcmp(name, "first") == 0)
		return (r->first = utc_parse(value)) ? NULL : "a time like 2026-11-28T12:34:56Z";
	if (strcmp(name, "last") == 0)
		return (r->last = utc_parse(value)) ? NULL : "a time like 2026-11-28T12:34:56Z";
	if (strcmp(name, "count") == 0)
		return sscanf(value, "%" SCNu64, &r->count) == 1 ? NULL : "a number";
	if (strcmp(name, "rate") == 0)
		return sscanf(value, "%" SCNu64 " of %" SCNu64, &r->hits, &r->runs) == 2 ? NULL : "N of M runs";
	if (strcmp(name, "signature") == 0)
		return parse_signature(r, value) ? NULL : "a count, a verdict and a signature";
	if (strcmp(name, "folder") == 0)
		return parse_folder(r, value) ? NULL : "the name of a crash folder";
	if (strcmp(name, "merged") == 0)
		return parse_merged(r, value) ? NULL : "an id of 8 hexadecimal digits";
	if (strcmp(name, "note") == 0) {
		record_set_note(r, value);
		return NULL;
	}
	return "key, status, first, last, count, rate, note, signature, folder or merged";
}

static const char *parse_line(struct record *r, u32 line, char *text)
{
	size_t name = strcspn(text, " ");
	char *value = text + name + strspn(text + name, " ");

	if (line == 1)
		return strcmp(text, HEAD) == 0 ? NULL : "'" HEAD "'";
	if (text[name])
		text[name] = '\0';
	return parse_field(r, text, value);
}

struct record *record_parse(char *text, u32 *line, char *message, size_t size)
{
	struct record *r = calloc(1, sizeof(*r));
	const char *expected = NULL;
	char *next;

	if (!r)
		abort();
	*line = 0;
	for (char *at = text; *at && !expected; at = next) {
		next = at + strcspn(at, "\n");
		if (*next)
			*next++ = '\0';
		++*line;
		expected = parse_line(r, *line, at);
	}
	if (!expected && (!r->nr_keys || !r->nr_signatures)) {
		++*line;
		expected = r->nr_keys ? "signature" : "key";
	}
	r->dirty = false;
	if (!expected)
		return r;
	snprintf(message, size, "expected %s", expected);
	record_free(r);
	return NULL;
}
