#!/bin/bash
# SPDX-License-Identifier: MIT
# Mutants are listed and applied alike: each changes its file, in the line it names or, for a lock, from there on.
set -u
cd "$PFNSTORM_SOURCE_DIR" || exit 1
mutants=dev.d/mutants.awk
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
count=0

while IFS=$'\t' read -r number line operator text; do
	count=$((count + 1))
	awk -v apply="$number" -f "$mutants" core/hotplug/offline.c >"$scratch/mutant.c"
	changed=$(diff core/hotplug/offline.c "$scratch/mutant.c" | sed -n '1s/[^0-9].*//p')
	if [ -z "$changed" ] || [ "$changed" -gt $((line + 1)) ]; then
		echo "$operator, line $line, '$text': changed ${changed:-nothing}"
		failed=1
	fi
done < <(awk -f "$mutants" core/hotplug/offline.c)
[ "$count" -ge 5 ] || { echo "only $count mutants of core/hotplug/offline.c"; failed=1; }

# A lock goes with its unlock, and what it would have set is set.
printf 'int f(void)\n{\n\tspin_lock_irqsave(&x->lock, flags);\n\tx->a = 1;\n\tspin_unlock_irqrestore(&x->lock, flags);\n}\n' >"$scratch/f.c"
printf 'int f(void)\n{\n\tflags = 0;\n\tx->a = 1;\n\t(void)flags;\n}\n' >"$scratch/expected.c"
awk -v apply=1 -f "$mutants" "$scratch/f.c" | diff "$scratch/expected.c" - || failed=1

# A lock that is dropped elsewhere is left alone.
printf 'int f(void)\n{\n\tmutex_lock(&m);\n\tg();\n}\n' >"$scratch/g.c"
[ -z "$(awk -f "$mutants" "$scratch/g.c")" ] || { echo "a lock without an unlock is no mutant"; failed=1; }
exit $failed
