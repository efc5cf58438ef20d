#!/bin/bash
# SPDX-License-Identifier: MIT
# Mutants are listed and applied alike, and a schema with one switched on does what the file with that one applied does.
set -u
cd "$PFNSTORM_SOURCE_DIR" || exit 1
mutants=$PWD/dev.d/mutants.awk
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
count=0

while IFS=$'\t' read -r number line operator function text; do
	count=$((count + 1))
	awk -v apply="$number" -f "$mutants" core/hotplug/offline.c >"$scratch/mutant.c"
	changed=$(diff core/hotplug/offline.c "$scratch/mutant.c" | sed -n '1s/[^0-9].*//p')
	if [ -z "$changed" ] || [ "$changed" -gt $((line + 1)) ]; then
		echo "$operator, $function(), line $line, '$text': changed ${changed:-nothing}"
		failed=1
	fi
	grep -q "^[a-z].*$function(" core/hotplug/offline.c || { echo "no function '$function'"; failed=1; }
done < <(awk -f "$mutants" core/hotplug/offline.c)
[ "$count" -ge 5 ] || { echo "only $count mutants of core/hotplug/offline.c"; failed=1; }

# Each reason on record is about a mutant that there is.
while IFS=$'\t' read -r file operator function text reason; do
	awk -f "$mutants" "$file" | cut -f 3-5 | grep -qxF "$(printf '%s\t%s\t%s' "$operator" "$function" "$text")" ||
		{ echo "dev.d/mutants.reasons: $file: no mutant $operator of '$text' in $function()"; failed=1; }
	[ -n "$reason" ] || { echo "dev.d/mutants.reasons: $file: $function(): no reason"; failed=1; }
done <dev.d/mutants.reasons

# A lock goes with its unlock, and what it would have set is set.
printf 'int f(void)\n{\n\tspin_lock_irqsave(&x->lock, flags);\n\tx->a = 1;\n\tspin_unlock_irqrestore(&x->lock, flags);\n}\n' >"$scratch/f.c"
printf 'int f(void)\n{\n\tflags = 0;\n\tx->a = 1;\n\t(void)flags;\n}\n' >"$scratch/expected.c"
awk -v apply=1 -f "$mutants" "$scratch/f.c" | diff "$scratch/expected.c" - || failed=1

# A lock that is dropped elsewhere is left alone.
printf 'int f(void)\n{\n\tmutex_lock(&m);\n\tg();\n}\n' >"$scratch/g.c"
[ -z "$(awk -f "$mutants" "$scratch/g.c")" ] || { echo "a lock without an unlock is no mutant"; failed=1; }

# ---- the schema: a program that prints what it does, with every operator, twice where they meet -------------------

mkdir -p "$scratch/core/rt"
cp dev.d/mutant.h dev.d/mutant.c "$scratch/core/rt/"
cat >"$scratch/calls.h" <<'TEXT'
#include <stdio.h>
#include "core/rt/mutant.h"
#define spin_lock_irqsave(l, f) (f = 1, puts("lock " #l))
#define spin_unlock_irqrestore(l, f) printf("unlock " #l " %d\n", f)
#define mutex_lock(l) puts("lock " #l)
#define mutex_unlock(l) puts("unlock " #l)
#define synchronize_rcu() puts("synchronize_rcu")
#define WRITE_ONCE(x, v) ((void)(x = (v)), puts("write"))
#define READ_ONCE(x) (puts("read"), x)
#define smp_store_release(p, v) ((void)(*(p) = (v)), puts("release"))
#define smp_load_acquire(p) (puts("acquire"), *(p))
#define set_bit(n, p) puts("set " #n)
#define list_add(n, p) puts("add " #n)
TEXT
cat >"$scratch/program.c" <<'TEXT'
static int a, b, changed = 1;
static void update(int how)
{
	int flags;

	spin_lock_irqsave(&a, flags);
	if (changed) {
		WRITE_ONCE(a, how);
		smp_store_release(&b, 2);
		set_bit(3, &a);
		list_add(4, &a);
		set_bit(5, &a);
		set_bit(6, &a);
	}
	if (how)
		synchronize_rcu();
	else
		spin_unlock_irqrestore(&a, flags);
	if (how)
		spin_unlock_irqrestore(&a, flags);
}

static int look(int how,
		int more)
{
	int seen = smp_load_acquire(&b), other = 1;

	mutex_lock(&b);
	while (seen < how && other++ < more)
		puts("again");
	mutex_unlock(&b);
	return seen;
}

int main(void)
{
	update(0);
	update(1);
	printf("%d %d %d\n", look(5, 3), a, b);
	return 0;
}
TEXT
build() {
	"${CC:-clang}" -Wall -Werror -Wno-unused-value -include "$scratch/calls.h" -I"$scratch" -o "$1" "$2" "$scratch/core/rt/mutant.c" ||
		{ echo "$2 does not compile"; exit 1; }
}
awk -v schema=100 -f "$mutants" "$scratch/program.c" >"$scratch/schema.c"
[ "$(wc -l <"$scratch/schema.c")" -eq "$(wc -l <"$scratch/program.c")" ] || { echo "a schema keeps the lines"; failed=1; }
build "$scratch/schema" "$scratch/schema.c"
build "$scratch/program" "$scratch/program.c"
"$scratch/program" >"$scratch/unchanged"
"$scratch/schema" | diff "$scratch/unchanged" - || { echo "a schema without a mutant is the file"; failed=1; }
operators=''
while IFS=$'\t' read -r number line operator function text; do
	operators="$operators$operator "
	awk -v apply="$number" -f "$mutants" "$scratch/program.c" >"$scratch/applied.c"
	build "$scratch/applied" "$scratch/applied.c"
	"$scratch/applied" >"$scratch/expected"
	! cmp -s "$scratch/unchanged" "$scratch/expected" || { echo "mutant $number changes nothing"; failed=1; }
	PFNSTORM_MUTANT=$((100 + number)) PFNSTORM_MUTANTS_REACHED=$scratch/map "$scratch/schema" >"$scratch/seen"
	diff "$scratch/expected" "$scratch/seen" || { echo "mutant $number of the schema: $operator in $function()"; failed=1; }
	[ "$(od -An -tu1 -j $((100 + number)) -N 1 "$scratch/map" | tr -d ' ')" = 1 ] || { echo "mutant $number was not reached"; failed=1; }
done < <(awk -f "$mutants" "$scratch/program.c")
[ "$operators" = "lock recheck swap order swap swap swap wait order lock recheck " ] || { echo "operators: $operators"; failed=1; }

# A file of core compiles with all of its mutants.
cp -r core "$scratch/tree"
cp dev.d/mutant.h "$scratch/tree/rt/"
mkdir -p "$scratch/copy" && mv "$scratch/tree" "$scratch/copy/core"
awk -v schema=0 -f "$mutants" core/mm/pcp_setup.c >"$scratch/copy/core/mm/pcp_setup.c"
(cd "$scratch/copy" && "${CC:-clang}" -D_GNU_SOURCE -fsyntax-only -Wall -Wextra -Werror -I. -Icore/rt/fiber \
	-include core/rt/mutant.h core/mm/pcp_setup.c) || { echo "the schema of core/mm/pcp_setup.c"; failed=1; }
exit $failed
