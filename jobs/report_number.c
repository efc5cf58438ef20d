/* SPDX-License-Identifier: MIT */
#include "jobs/report_number.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const char *number_count(double n, char buf[NUMBER_LEN])
{
	static const char *const scales[] = {"", "k", "M", "G", "T", "P"};
	u32 scale = 0;

	buf[0] = '\0';
	if (!history_is(n))
		return buf;
	while (fabs(n) >= 999.5 && scale + 1 < ARRAY_SIZE(scales)) {
		n /= 1000;
		scale++;
	}
	if (!scale && n == floor(n))
		snprintf(buf, NUMBER_LEN, "%.0f", n);
	else
		snprintf(buf, NUMBER_LEN, "%.*f%s", fabs(n) < 10 ? 2 : fabs(n) < 100 ? 1 : 0, n, scales[scale]);
	return buf;
}

const char *number_duration(double seconds, char buf[NUMBER_LEN])
{
	u64 s;

	buf[0] = '\0';
	if (!history_is(seconds) || seconds < 0)
		return buf;
	s = (u64)(seconds + 0.5);
	if (seconds < 60)
		snprintf(buf, NUMBER_LEN, "%.1f s", seconds);
	else if (s < 3600)
		snprintf(buf, NUMBER_LEN, "%u:%02u", (u32)(s / 60), (u32)(s % 60));
	else
		snprintf(buf, NUMBER_LEN, "%u:%02u:%02u", (u32)(s / 3600), (u32)(s / 60 % 60), (u32)(s % 60));
	return buf;
}

const char *number_value(enum history_value value, double n, char buf[NUMBER_LEN])
{
	const char *unit = history_values[value].unit;

	if (strcmp(unit, "s") == 0)
		return number_duration(n, buf);
	if (value == VALUE_upper_bound && history_is(n)) {
		snprintf(buf, NUMBER_LEN, "%.1e", n);
		return buf;
	}
	number_count(n, buf);
	if (buf[0] && unit[0])
		snprintf(buf + strlen(buf), NUMBER_LEN - strlen(buf), "%s", unit);
	return buf;
}

const char *number_latency(double us, char buf[NUMBER_LEN])
{
	static const char *const units[] = {"µs", "ms", "s"};
	u32 unit = 0;

	buf[0] = '\0';
	if (!history_is(us))
		return buf;
	for (; us >= 999.5 && unit < 2; unit++)
		us /= 1000;
	snprintf(buf, NUMBER_LEN, "%.*f %s", us < 10 ? 2 : us < 100 ? 1 : 0, us, units[unit]);
	return buf;
}

const char *number_change(const struct report_change *c, double n, char buf[NUMBER_LEN])
{
	return c->operation ? number_latency(n, buf) : number_value(c->value, n, buf);
}

const char *number_ratio(double ratio, char buf[NUMBER_LEN])
{
	double percent = (ratio - 1) * 100;

	if (ratio >= 2)
		snprintf(buf, NUMBER_LEN, "x %.*f", ratio < 10 ? 1 : 0, ratio);
	else if (ratio <= 0.5)
		snprintf(buf, NUMBER_LEN, "/ %.*f", ratio > 0.1 ? 1 : 0, 1 / ratio);
	else
		snprintf(buf, NUMBER_LEN, "%+.*f %%", fabs(percent) < 10 ? 1 : 0, percent);
	return buf;
}

const char *number_time(u64 seconds, char buf[NUMBER_LEN])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	buf[0] = '\0';
	if (seconds && gmtime_r(&t, &tm))
		strftime(buf, NUMBER_LEN, "%Y-%m-%d %H:%M UTC", &tm);
	return buf;
}
