/* SPDX-License-Identifier: MIT */
/* Inside of a campaign, for campaign*.c only. */
#ifndef PFNSTORM_JOBS_CAMPAIGN_STATE_H
#define PFNSTORM_JOBS_CAMPAIGN_STATE_H

#include "jobs/campaign.h"

#define CAMPAIGN_KNOWN 4096 /* records of the store when the campaign began */
#define CAMPAIGN_SAMPLES 12

struct campaign {
	struct campaign_options *o;
	struct campaign_status *status;
	struct engine_campaign common;
	char dir[PATH_MAX], corpus[PATH_MAX], crashes[PATH_MAX]; /* absolute */
	struct {
		char corpus[PATH_MAX], crashes[PATH_MAX], engines[PATH_MAX]; /* as campaign.json has them */
	} asked;
	int lock, corpus_lock[CAMPAIGN_TARGETS]; /* the folder's; shared, of each corpus */
	double now, began, ends;                 /* monotonic */
	double cpu_ended;                        /* seconds of processors, of processes that ended */
	double seconds_before;                   /* of earlier sessions */
	double next_tick, next_sync, next_stats, next_turn;
	u32 turn, turns; /* engines that do not fit in --jobs take turns */
	double turn_seconds;
	bool no_room;
	u32 nr_known;
	char (*known)[RECORD_ID_LEN + 1];
	struct {
		pid_t pid; /* 0: nothing is being filed */
		char name[NAME_MAX + 1];
	} filing;
	struct {
		double at;
		u64 inputs[CAMPAIGN_TARGETS];
	} sample[CAMPAIGN_SAMPLES];
	u32 nr_samples;
	double last_input[CAMPAIGN_TARGETS], last_found;
	s32 last_id[CAMPAIGN_TARGETS][CAMPAIGN_ENGINES]; /* of AFL++'s queues: copied up to here */
};

/* Tells people. */
void __attribute__((format(printf, 2, 3))) campaign_say(struct campaign *c, const char *fmt, ...);
/* DIR/<fmt>: false if it is too long. */
bool __attribute__((format(printf, 3, 4)))
campaign_path(const struct campaign *c, char path[PATH_MAX], const char *fmt, ...);

/* ---- campaign_folder.c ---- */

/* Makes and locks the folder, reads what it has. 0 or -errno with a message. */
int campaign_open(struct campaign *c, char *message, size_t size);
void campaign_close(struct campaign *c);
/* From now on others know that the corpora are in use; false: they use this one, too, and it has to stay where it is.
 */
void campaign_share_corpora(struct campaign *c);
bool campaign_own_corpus(struct campaign *c, u32 target);

/* ---- campaign_corpus.c ---- */

/* Copies seeds that the corpora do not have; finishes or undoes what a kill left of --distill. */
int campaign_seed(struct campaign *c, char *message, size_t size);
/* What AFL++ found since the last call, into the corpora; counts them. */
void campaign_sync(struct campaign *c);
/* Inputs that crash an engine as soon as it starts leave the corpus for artifacts/. */
void campaign_quarantine(struct campaign *c);
/* Leaves of each corpus what has all its coverage. Stops at an interrupt, and leaves the corpus as it was. */
void campaign_distill(struct campaign *c);

/* ---- campaign_filing.c ---- */

/* The store's records become the known ones. */
void campaign_note_known(struct campaign *c);
bool campaign_is_known(const struct campaign *c, const char *id);
/* Begins to file the next token, if none is being filed. True while there is one. */
bool campaign_file_next(struct campaign *c);
/* If @pid is who files: takes what he did. */
bool campaign_filing_ended(struct campaign *c, pid_t pid, int status);

/* ---- campaign_stats.c ---- */

/* campaign.json and stats.json. 0 or -errno. */
int campaign_write_asked(const struct campaign *c);
int campaign_write_stats(const struct campaign *c, const char *outcome);
/* Targets, engines and switches that the command line has not; false: there is no campaign.json that can be read. */
bool campaign_read_asked(struct campaign *c);
/* Time, and what was found. */
void campaign_read_stats(struct campaign *c);

/* ---- campaign.c ---- */

/* Waits for a signal, ended children or @seconds; deals with both. False: an interrupt, from then on at once. */
bool campaign_wait(struct campaign *c, double seconds);

#endif
