/* SPDX-License-Identifier: MIT */
#include "core/hotplug/kstrtox.h"

bool sysfs_streq(const char *text, const char *word)
{
	while (*text && *text == *word) {
		text++;
		word++;
	}
	return !*word && (!*text || (text[0] == '\n' && !text[1]));
}

int sysfs_match_string(const char *const words[], const char *text)
{
	for (int i = 0; words[i]; i++)
		if (sysfs_streq(text, words[i]))
			return i;
	return -EINVAL;
}

int kstrtobool(const char *text, bool *value)
{
	switch (text[0]) {
	case 'y':
	case 'Y':
	case 't':
	case 'T':
	case '1':
		*value = true;
		return 0;
	case 'n':
	case 'N':
	case 'f':
	case 'F':
	case '0':
		*value = false;
		return 0;
	case 'o':
	case 'O':
		if (text[1] == 'n' || text[1] == 'N')
			*value = true;
		else if (text[1] == 'f' || text[1] == 'F')
			*value = false;
		else
			return -EINVAL;
		return 0;
	default:
		return -EINVAL;
	}
}

/* -1: no digit of any base. */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static u32 take_base(const char **text, u32 base)
{
	const char *s = *text;
	bool hex = s[0] == '0' && (s[1] | 0x20) == 'x';

	if (!base)
		base = s[0] != '0' ? 10 : hex && digit(s[2]) >= 0 ? 16 : 8;
	if (base == 16 && hex)
		*text += 2;
	return base;
}

int kstrtoull(const char *text, u32 base, u64 *value)
{
	bool any = false;
	u64 sum = 0;

	if (*text == '+')
		text++;
	base = take_base(&text, base);
	for (int d; (d = digit(*text)) >= 0 && (u32)d < base; text++) {
		if (__builtin_mul_overflow(sum, (u64)base, &sum) || __builtin_add_overflow(sum, (u64)d, &sum))
			return -ERANGE;
		any = true;
	}
	if (*text == '\n')
		text++;
	if (!any || *text)
		return -EINVAL;
	*value = sum;
	return 0;
}

int kstrtouint(const char *text, u32 base, u32 *value)
{
	u64 wide;
	int ret = kstrtoull(text, base, &wide);

	if (ret)
		return ret;
	if (wide > UINT32_MAX)
		return -ERANGE;
	*value = (u32)wide;
	return 0;
}
