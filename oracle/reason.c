/* SPDX-License-Identifier: MIT */
#include "oracle/reason.h"

#include <fnmatch.h>

static const struct reason {
	const char *recording;
	u32 first, last;
	const char *field, *text;
} reasons[] = {
#define REASON(recording, first, last, field, text) {recording, first, last, field, text},
#include "oracle/reasons.def"
#undef REASON
	{0},
};

const char *reason_for(const char *recording, u32 step, const char *field)
{
	for (const struct reason *r = reasons; r->recording; r++)
		if (step >= r->first && step <= r->last && fnmatch(r->recording, recording, 0) == 0 &&
		    fnmatch(r->field, field, 0) == 0)
			return r->text;
	return NULL;
}
