/* SPDX-License-Identifier: MIT */
#include "crashes/utc.h"

#include <time.h>

u64 utc_now(void)
{
	return (u64)time(NULL);
}

void utc_print(u64 seconds, char buf[UTC_LEN])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, UTC_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm))
		buf[0] = '\0';
}

u64 utc_parse(const char *text)
{
	struct tm tm = {0};
	time_t t;

	if (!strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return 0;
	t = timegm(&tm);
	return t > 0 ? (u64)t : 0;
}
