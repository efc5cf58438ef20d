/* SPDX-License-Identifier: MIT */
/* A campaign as people see it: one screen on a terminal, a line now and then elsewhere, a summary at the end. */
#ifndef PFNSTORM_CLI_FUZZ_STATUS_H
#define PFNSTORM_CLI_FUZZ_STATUS_H

#include "jobs/campaign.h"

/* campaign_options.report; on standard error. */
void fuzz_status_show(const struct campaign_status *status, const char *event, void *arg);
/* What was found, and how sure it is that there is no more; on standard output. */
void fuzz_status_sum_up(const struct campaign_status *status);

#endif
