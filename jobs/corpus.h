/* SPDX-License-Identifier: MIT */
/*
 * Inputs of fuzz targets: made from the table of operations, taken from what others have, brought to the newest format.
 * Where an input comes from stands in a text file beside the folder, FOLDER.from.txt, a line "NAME<tab>WHENCE" each:
 * engines read everything in the folder itself.
 */
#ifndef PFNSTORM_JOBS_CORPUS_H
#define PFNSTORM_JOBS_CORPUS_H

#include "fuzz/mutate.h"
#include "fuzz/scenario.h"

enum corpus_form {
	CORPUS_BYTES, /* race, sequence and narrow targets: bytes of a scenario */
	CORPUS_TEXT,  /* scenario: its text */
	CORPUS_TOKEN, /* token: what the token's shell holds */
	CORPUS_FILES, /* blocks: any text */
};

/* Of a target of campaign_target_name(). */
struct corpus_target {
	enum corpus_form form;
	struct mutate_options options; /* operations and machines the target can name; mode */
};

/* False with what was expected in @message. */
bool corpus_target_find(const char *name, struct corpus_target *target, char *message, size_t size);
/* Can the target's mutators put in this operation? */
bool corpus_target_names(const struct corpus_target *target, u32 op_id);

/* A folder that is written, and its file of origins. */
struct corpus_writer {
	const char *dir;
	const struct corpus_target *target;
	u32 written, there; /* inputs; those that were there already, with the same content */
	void *from;         /* FILE, open for appending */
};

/* Makes the folder. 0 or -errno with a message. */
int corpus_open(struct corpus_writer *w, char *message, size_t size);
/* 0 or -errno: what could not be written. */
int corpus_close(struct corpus_writer *w);
/* Adds @bytes as @name (NULL: by content), at once or not at all. 0 or -errno. */
int corpus_put(struct corpus_writer *w, const char *name, const void *bytes, size_t size, const char *whence);
/* Adds @s in the form of the target; -ERANGE with a message if it has none. */
int corpus_put_scenario(struct corpus_writer *w, const char *name, const struct scenario *s, const char *whence,
			char *message, size_t size);

/*
 * Seeds for each operation that the target can name, "op-NAME", and each pair of them, "pair-NAME-NAME": on a machine
 * and after a set-up with which the operation succeeds, if a short search finds one. Always the same. 0; -EINVAL for a
 * target without operations, other -errno, with a message. @succeed: operations that do.
 */
int corpus_generate(struct corpus_writer *w, u32 *ops, u32 *succeed, char *message, size_t size);

/*
 * Adds @source: a scenario file, a token, a crash folder, an input of another corpus, or a folder of any of these (a
 * crash store, say), not deeper than two. 0; -errno with a message. @failed: those that were of no use.
 */
int corpus_import(struct corpus_writer *w, const char *source, u32 *failed, char *message, size_t size);

struct corpus_migration {
	u32 files, changed, kept; /* kept: another scenario would have come of it */
};
/*
 * Brings the inputs of folder @dir, of a target whose form is bytes, to format 2, tokens and text with them; each at
 * once, and only if it decodes to the same scenario afterwards. 0 or -errno with a message.
 */
int corpus_migrate(const char *dir, struct corpus_migration *m, char *message, size_t size);
/* Of one input. Its new size; 0: it is in format 2 already; -ERANGE: another scenario would come of it. */
ssize_t corpus_migrate_input(const u8 *data, size_t size, u8 *to, size_t to_size);

#endif
