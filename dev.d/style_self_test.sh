#!/bin/bash
# SPDX-License-Identifier: MIT
# A test of the style test: a clean tree passes, and each planted violation is reported at its line, and alone.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
passed=0
failed=0

spdx='/* SPDX-License-Identifier: MIT */'

clean_tree() {
	rm -rf "$tree"
	mkdir -p "$tree"/{core/{rt/{fiber,thread},mm,range,hotplug,check},fuzz/{targets,engine},crashes,stress,cli,docs}
	printf '%s\n#include <stddef.h>\n#include "core/mm/page.h"\n#include "core/rt/lock.h"\n' "$spdx" >"$tree/core/mm/page.c"
	cat >>"$tree/core/mm/page.c" <<-'SOURCE'
		/* memset(p, 0, 8) in a comment, pthread_create too */
		static const char text[] = "memset(p) /* not a comment"; // free(p)
		int page_walk(int timer)
		{
			return timer + text[0] + mem_fill(timer); /* spans
				malloc(3) */
		}
	SOURCE
	printf '%s\n#ifndef PFNSTORM_MM_PAGE_H\n#define PFNSTORM_MM_PAGE_H\n#endif\n' "$spdx" >"$tree/core/mm/page.h"
	printf '%s\n#include "core/core.h"\n#include <string.h>\nvoid f(void)\n{\n\tmemset(0, 0, 0);\n}\n' "$spdx" \
		>"$tree/core/mm/page_test.c"
	printf '%s\n#include <pthread.h>\n' "$spdx" >"$tree/core/rt/thread/task.c"
	printf '#!/bin/bash\n# SPDX-License-Identifier: MIT\n# free(x) and -DNDEBUG in a comment\n' >"$tree/cli/run_test.sh"
	printf '# Hacking\n' >"$tree/docs/HACKING.md"
}

check() {
	bash "$here/style_test.sh" "$tree" 2>&1 || true
}

# expect NAME FILE:LINE TEXT: exactly one violation, there, saying so.
expect() {
	local got
	got=$(check)
	if [ "$(wc -l <<<"$got")" -eq 1 ] && [[ $got == "$2: "*"$3"* ]]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED %s: wanted "%s: ...%s...", got:\n%s\n' "$1" "$2" "$3" "$got"
	fi
	clean_tree
}

# plant FILE LINE...: a new file with the licence line before.
plant() {
	local file=$tree/$1
	shift
	printf '%s\n' "$spdx" "$@" >"$file"
}

repeat() {
	local i
	for ((i = 0; i < $2; i++)); do printf '%s\n' "$1"; done
}

clean_tree
got=$(check)
if [[ $got == "style: 6 files keep the rules" ]]; then
	passed=$((passed + 1))
else
	failed=$((failed + 1))
	printf 'FAILED clean tree: got:\n%s\n' "$got"
fi

plant core/rt/lock.c '#include "core/mm/page.h"'
expect "rt reaches up" core/rt/lock.c:2 "core/rt/ may use only"
plant core/mm/zone.c '#include "core/range/compaction.h"'
expect "mm reaches up" core/mm/zone.c:2 "core/mm/ may use only"
plant core/range/compaction.c '#include "core/hotplug/memory_block.h"'
expect "range reaches up" core/range/compaction.c:2 "core/range/ may use only"
plant core/hotplug/online.c '#include "core/check/laws.h"'
expect "hotplug reaches up" core/hotplug/online.c:2 "core/hotplug/ may use only"
plant core/check/laws.c '#include "core/rt/fiber/scheduler.h"'
expect "check reaches into a runtime" core/check/laws.c:2 "core/check/ may use only"
plant core/ops.c '#include "core/rt/thread/vcpu.h"'
expect "core reaches into a runtime" core/ops.c:2 "core/ may use only"
plant fuzz/runner.c '#include "core/mm/zone.h"'
expect "fuzz reaches into core" fuzz/runner.c:2 "fuzz/ may use only"
plant fuzz/runner.c '#include "crashes/store.h"'
expect "fuzz reaches up" fuzz/runner.c:2 "fuzz/ may use only"
plant fuzz/runner.c '#include "fuzz/targets/target.h"'
expect "fuzz reaches into targets" fuzz/runner.c:2 "fuzz/ may use only"
plant crashes/store.c '#include "stress/recorder.h"'
expect "crashes reach up" crashes/store.c:2 "crashes/ may use only"
plant stress/recorder.c '#include "fuzz/targets/target.h"'
expect "stress reaches sideways" stress/recorder.c:2 "stress/ may use only"
plant fuzz/targets/race.c '#include "stress/recorder.h"'
expect "targets reach sideways" fuzz/targets/race.c:2 "fuzz/targets/ may use only"
plant cli/run.c '#include "core/hotplug/memory_block.h"'
expect "cli reaches into core" cli/run.c:2 "cli/ may use only"
plant cli/run.c '#include "stress/recorder.h"'
expect "cli reaches into stress" cli/run.c:2 "cli/ may use only"
plant cli/run.c '#include "run.h"'
expect "relative include" cli/run.c:2 "from the root"

plant core/mm/zone.c 'void zone_clear(void *z)' '{' '	memset(z, 0, 64);' '}'
expect "memset in core" core/mm/zone.c:4 "memset: no callback"
plant core/range/migrate.c 'void copy(void *z)' '{' '	__builtin_memcpy(z, z, 64);' '}'
expect "builtin memcpy in core" core/range/migrate.c:4 "__builtin_memcpy: no callback"
plant core/rt/fiber/arena.c 'void *arena(void)' '{' '	return malloc(64);' '}'
expect "malloc in the fiber runtime" core/rt/fiber/arena.c:4 "malloc: core has one arena"
plant core/hotplug/online.c 'int online(void)' '{' '	return rand ();' '}'
expect "rand in core" core/hotplug/online.c:4 "rand: core has one seeded generator"
plant core/rt/sched.c 'long now(void)' '{' '	return time(0);' '}'
expect "time in rt" core/rt/sched.c:4 "time: behaviour must not"
plant core/check/laws.c 'void *home(void)' '{' '	return getenv("HOME");' '}'
expect "getenv in core" core/check/laws.c:4 "getenv: behaviour must not"
plant fuzz/runner.c '#include <pthread.h>'
expect "pthread.h in fuzz" fuzz/runner.c:2 "pthread.h: threads are known"
plant core/rt/fiber/task.c 'static pthread_t thread;'
expect "pthread in the fiber runtime" core/rt/fiber/task.c:2 "pthread_t: threads are known"
plant crashes/store.c '#define NDEBUG'
expect "assertions off" crashes/store.c:2 "NDEBUG: assertions stay on"
printf '# SPDX-License-Identifier: MIT\nadd_compile_options(-DNDEBUG)\n' >"$tree/cli/CMakeLists.txt"
expect "assertions off in the build" cli/CMakeLists.txt:2 "NDEBUG: assertions stay on"
plant cli/run.c 'void f(char *a)' '{' '	strcpy(a, "x");' '}'
expect "strcpy" cli/run.c:4 "strcpy: no bounds"
plant core/mm/zone.c '#ifdef FIBER' 'int x;' '#endif'
expect "ifdef in core" core/mm/zone.c:2 "conditional compilation"
plant core/mm/zone.c '/* TO''DO: later */'
expect "leftover" core/mm/zone.c:2 "a leftover mark"
echo 'FIX''ME' >>"$tree/docs/HACKING.md"
expect "leftover in prose" docs/HACKING.md:2 "a leftover mark"

plant core/mm/long.c "$(repeat 'int x;' 650)"
expect "long file" core/mm/long.c:651 "file has 651 lines"
plant core/mm/long.c 'void f(void)' '{' "$(repeat '	;' 71)" '}'
expect "long function" core/mm/long.c:3 "function of 71 lines"
plant core/mm/long.c "$(printf '\t%s' "$(printf '%0113d' 0)")"
expect "long line" core/mm/long.c:2 "line of 121 columns"
plant core/mm/long.c 'int x; '
expect "blank at the end" core/mm/long.c:2 "blanks at the end"
echo 'int x;' >"$tree/core/mm/naked.c"
expect "no licence line" core/mm/naked.c:1 "SPDX"
printf '#!/bin/bash\necho\n' >"$tree/cli/naked_test.sh"
expect "script without licence line" cli/naked_test.sh:1 "SPDX"
plant core/mm/zone.h 'int x;'
expect "no header guard" core/mm/zone.h:1 "#ifndef PFNSTORM_"
plant core/mm/zone.h '#ifndef PFNSTORM_MM_ZONE_H' '#define PFNSTORM_MM_ZON_H' '#endif'
expect "wrong header guard" core/mm/zone.h:1 "#ifndef PFNSTORM_"

# What must not be reported: limits reached, not passed.
plant core/mm/long.c 'void f(void)' '{' "$(repeat '	;' 60)" '}' "$(printf '\t%s' "$(printf '%0112d' 0)")" "$(repeat 'int x;' 534)"
got=$(check)
if [[ $got == "style: 7 files keep the rules" ]]; then
	passed=$((passed + 1))
else
	failed=$((failed + 1))
	printf 'FAILED limits reached: got:\n%s\n' "$got"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
