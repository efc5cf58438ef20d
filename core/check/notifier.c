/* SPDX-License-Identifier: MIT */
/* The law of notifier events. */
#include "core/hotplug/notifier.h"

#include "core/check/laws.h"

const char *law_notifier_sequence(void)
{
	for (u32 i = 0; i < 2; i++) {
		const struct memory_recorder *r = memory_recorder(i);

		if (r->broken)
			return broken("listener %s the vetoer saw %s while %s was open, of another range or of none",
				      i ? "behind" : "before", memory_event_text(r->broken),
				      memory_event_text(r->broken_in));
		if (r->going)
			return broken("listener %s the vetoer saw %s and never how it ended", i ? "behind" : "before",
				      memory_event_text(r->going));
	}
	return NULL;
}
