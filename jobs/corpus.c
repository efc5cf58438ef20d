/* SPDX-License-Identifier: MIT */
#include "jobs/corpus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashes/file.h"
#include "fuzz/narrow.h"
#include "fuzz/token.h"
#include "jobs/campaign.h"
#include "jobs/corpus_fit.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

bool corpus_target_find(const char *name, struct corpus_target *target, char *message, size_t size)
{
	size_t len;
	u32 i = 0;

	*target = (struct corpus_target){.options = {.mode = MUTATE_RACE}};
	while (campaign_target_name(i) && strcmp(campaign_target_name(i), name) != 0)
		i++;
	if (!campaign_target_name(i)) {
		len = (size_t)snprintf(message, size, "unknown target '%s', expected one of", name);
		for (i = 0; campaign_target_name(i) && len < size; i++)
			len += (size_t)snprintf(message + len, size - len, "%s %s", i ? "," : "",
						campaign_target_name(i));
		return false;
	}
	if (strcmp(name, "sequence") == 0)
		target->options.mode = MUTATE_SEQUENCE;
	else if (strcmp(name, "scenario") == 0)
		target->form = CORPUS_TEXT;
	else if (strcmp(name, "token") == 0)
		target->form = CORPUS_TOKEN;
	else if (strcmp(name, "race") != 0 && !narrow_target(name, &target->options))
		target->form = CORPUS_FILES;
	return true;
}

bool corpus_target_names(const struct corpus_target *target, u32 op_id)
{
	return target->form != CORPUS_FILES && (!target->options.ops || target->options.ops & BIT(op_id));
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

int corpus_open(struct corpus_writer *w, char *message, size_t size)
{
	char path[PATH_MAX];
	size_t len = strlen(w->dir);
	int ret = file_make_dirs(w->dir);

	while (len > 1 && w->dir[len - 1] == '/')
		len--;
	if (!ret && (size_t)snprintf(path, sizeof(path), "%.*s.from.txt", (int)len, w->dir) >= sizeof(path))
		ret = -ENAMETOOLONG;
	if (!ret) {
		w->from = fopen(path, "ae");
		ret = w->from ? 0 : -errno;
	}
	if (ret)
		snprintf(message, size, "%s: %s: choose a folder that can be written", w->dir, strerror(-ret));
	return ret;
}

int corpus_close(struct corpus_writer *w)
{
	FILE *from = w->from;

	return from && fclose(from) ? -errno : 0;
}

static bool has_content(const char *path, const void *bytes, size_t size)
{
	size_t len;
	char *have = file_read(path, &len);
	bool same = have && len == size && memcmp(have, bytes, size) == 0;

	free(have);
	return same;
}

int corpus_put(struct corpus_writer *w, const char *name, const void *bytes, size_t size, const char *whence)
{
	char path[PATH_MAX], aside[PATH_MAX], hash[24];
	FILE *from = w->from;
	int ret;

	if (!name) {
		snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)XXH64(bytes, size, 0));
		name = hash;
	}
	/* Beside the folder: an engine that reads it sees all of an input or nothing. */
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", w->dir, name) >= sizeof(path) ||
	    (size_t)snprintf(aside, sizeof(aside), "%s.new-%d", w->dir, (int)getpid()) >= sizeof(aside))
		return -ENAMETOOLONG;
	if (has_content(path, bytes, size)) {
		w->there++;
		return 0;
	}
	ret = file_put(aside, path, bytes, size);
	if (ret)
		return ret;
	w->written++;
	return fprintf(from, "%s\t%s\n", name, whence) < 0 ? -EIO : 0;
}

int corpus_put_scenario(struct corpus_writer *w, const char *name, const struct scenario *s, const char *whence,
			char *message, size_t size)
{
	static struct scenario fitted;
	static u8 bytes[SCENARIO_BYTES_MAX], binary[TOKEN_MAX];
	static char text[SCENARIO_TEXT_MAX], token[TOKEN_MAX];
	ssize_t len;

	switch (w->target->form) {
	case CORPUS_BYTES:
		len = scenario_encode(s, bytes, sizeof(bytes), message, size);
		if (len < 0 && corpus_fit(s, &fitted))
			len = scenario_encode(&fitted, bytes, sizeof(bytes), message, size);
		/* Targets read text, too: what bytes cannot say is not lost. */
		if (len >= 0)
			return corpus_put(w, name, bytes, (size_t)len, whence);
		return corpus_put(w, name, text, scenario_print(s, text, sizeof(text)), whence);
	case CORPUS_TEXT:
		return corpus_put(w, name, text, scenario_print(s, text, sizeof(text)), whence);
	case CORPUS_TOKEN:
		len = token_encode(s, token, sizeof(token)) > 0 ? token_unwrap(token, binary, sizeof(binary)) : -ENOSPC;
		if (len >= 0)
			return corpus_put(w, name, binary, (size_t)len, whence);
		snprintf(message, size, "it is too long for a token");
		return -ERANGE;
	default:
		snprintf(message, size, "the target reads no scenarios");
		return -ERANGE;
	}
}
