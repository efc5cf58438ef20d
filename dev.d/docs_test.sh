#!/bin/bash
# SPDX-License-Identifier: MIT
# The documents against the tables and sources they speak of: docs_test.sh. It also tests itself: a copy of the tree with
# one violation planted must be reported, once.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
source_root=$(readlink -f "${PFNSTORM_SOURCE_DIR:-$here/..}")
folders='core|fuzz|api|crashes|stress|oracle|jobs|cli|corpus|docs|dev\.d|cmake'
export LC_ALL=C

say() {
	printf 'docs: %s\n' "$*"
}

# difference NAME HAVE WANTED: lines that only one of the two sorted lists, which may be pipes, has.
difference() {
	comm -3 "$2" "$3" | while IFS= read -r line; do
		case $line in
		$'\t'*) say "missing: $1: ${line#$'\t'}" ;;
		*) say "$1, which the sources do not know: $line" ;;
		esac
	done
}

# rows FILE HEADING: the table rows between a heading and the next, without the first two.
rows() {
	awk -v heading="$2" '/^#/ { inside = $0 == heading; next } inside && /^\|/ && ++row > 2' "$1"
}

table() {
	awk -v table="$1" -f "$here/docs_tables.awk" "${@:2}"
}

# "| `file` | reason |" of each data_race() in core; the string literals of a call are its reason.
data_races() {
	find core -name '*.[ch]' ! -name '*_test.c' ! -path 'core/rt/*' -exec awk '
		FNR == 1 { text = "" }
		{ text = text $0 "\n" }
		text !~ /data_race\(/ { text = ""; next }
		{ collect() }
		# Once the parentheses are closed, prints what stood in quotes.
		function collect(    at, depth, quoted, reason, c) {
			at = index(text, "data_race(") + 10
			for (depth = 1; depth && at <= length(text); at++) {
				c = substr(text, at, 1)
				if (c == "\"")
					quoted = !quoted
				else if (quoted)
					reason = reason c
				else if (c == "(")
					depth++
				else if (c == ")")
					depth--
			}
			if (depth)
				return
			print "| `" FILENAME "` | " reason " |"
			text = substr(text, at)
		}' {} +
}

check_data_races() {
	difference "data_race() in docs/FIDELITY.md" <(rows docs/FIDELITY.md "## Marked as harmless" | sort) <(data_races | sort)
}

check_switches() {
	local section="## Where 6.1 is deliberately not followed"
	difference "switch in docs/FIDELITY.md" <(rows docs/FIDELITY.md "$section" | sed 's/^| `\([a-z0-9_]*\)`.*/\1/' | sort) \
		<(table switches core/designs.def core/bugs.def | sort)
}

check_reasons() {
	difference "reason in docs/FIDELITY.md" <(rows docs/FIDELITY.md "## Held against a real kernel" | sort) \
		<(table reasons oracle/reasons.def | sort)
}

check_operations() {
	difference "row in docs/scenario.md" \
		<(rows docs/scenario.md "## Operations" | grep -v -e '^| argument' -e '^|---' | sort) \
		<({ table ops core/enums.def core/ops.def; table arguments core/enums.def; } | sort)
}

check_output() {
	difference "verdict in docs/OUTPUT.md" <(rows docs/OUTPUT.md "### Verdicts" | sed 's/^\(| `[^`]*` |\).*/\1/' | sort) \
		<(table verdicts core/verdicts.def | sort)
	difference "variable in docs/OUTPUT.md" <(rows docs/OUTPUT.md "## Fuzz targets" | sed 's/^| `\([A-Z_]*\)`.*/\1/' | sort) \
		<(grep -hoE 'getenv\("PFNSTORM_[A-Z_]+' fuzz/engine/*.c | sed 's/.*"//' | sort -u)
}

# Keys of job files, and words for what came of a night.
check_nightly() {
	difference "key in docs/NIGHTLY.md" \
		<(rows docs/NIGHTLY.md "## The job file" | sed 's/^| `\([a-z]*\)` | `\([a-z.]*\)`.*/\1 \2/' | sort) \
		<(sed -n 's/^JOB_KEY(\([a-z]*\), [a-z_]*, "\([a-z.]*\)".*/\1 \2/p' jobs/jobfile.def | sort)
	difference "outcome in docs/NIGHTLY.md" \
		<(grep -oE '^\| [0-9]+ \| `[a-z]+`|^\| `(held|found|timeout|silent|broken|skipped|interrupted|running)`.*\|' docs/NIGHTLY.md |
			grep -oE '`[a-z]+`' | tr -d '`' | sort -u) \
		<(sed -n 's/^\(UNIT\|NIGHT\)_OUTCOME_WORD(\([a-z]*\),.*/\2/p' jobs/unit_outcomes.def jobs/night_outcomes.def | sort -u)
	difference "variable in docs/NIGHTLY.md" <(grep -oE '^\| `PFNSTORM_[A-Z_]+' docs/NIGHTLY.md | sed 's/.*`//' | sort) \
		<(grep -ohE '"PFNSTORM_[A-Z_]+' jobs/hook.c | tr -d '"' | sort)
}

# Laws that tables or sources know, and verdicts.
known_laws() {
	sed -n 's/^INVARIANT(\([a-z_]*\),.*/\1/p' core/invariants.def
	find core -name '*.c' ! -name '*_test.c' -exec grep -hoE '"law [a-z_]+"' {} + | sed 's/"law \(.*\)"/\1/'
}

# docs/LAWS.md: rows 1 to 104; what is said to see a violation exists.
check_laws() {
	difference "number in docs/LAWS.md" <(grep -oE '^\| [0-9]+ ' docs/LAWS.md | tr -dc '0-9\n' | sort) <(seq 104 | sort)
	difference "law in docs/LAWS.md" \
		<({
			grep -E '^\| [0-9]+ ' docs/LAWS.md | sed 's/.*|\([^|]*\)|$/\1/'
			rows docs/LAWS.md "## Beyond"
		} | grep -oE '`[a-z_-]+`' | tr -d '`' | sort -u | comm -23 - <(sed -n 's/^VERDICT([^"]*"\([^"]*\)".*/\1/p' core/verdicts.def | sort)) \
		<(known_laws | sort -u) | grep -v ': missing: '
	grep -E '^\| [0-9]+ ' docs/LAWS.md | grep -vE '(`|absent: .+) \|$' | while IFS= read -r line; do
		say "nothing sees: $line"
	done
}

# Paths in documents, wherever they stand: a file of the tree, or a pattern that some file matches. "x", "NAME" and "TARGET" stand for
# others.
check_paths() {
	local file path
	grep -oHE "(^|[^A-Za-z0-9_./-])($folders)/[A-Za-z0-9_./*-]*[A-Za-z0-9_*]" README.md docs/*.md |
		sed -E 's/^([^:]*):[^A-Za-z]?/\1:/' | sort -u | while IFS=: read -r file path; do
		case $path in
		crashes/found* | x.* | */x.* | */x_* | */NAME | */TARGET) continue ;;
		esac
		compgen -G "$path" >/dev/null || say "$file names $path, which does not exist"
	done
}

check_links() {
	local file link
	grep -oHE '\]\([^)#]+' README.md docs/*.md | sed 's/\](//' | while IFS=: read -r file link; do
		case $link in
		http*) continue ;;
		esac
		[ -e "$(dirname "$file")/$link" ] || say "$file links to $link, which does not exist"
	done
}

# What only those know who wrote this, spelt so that this file may be looked at too.
check_words() {
	local words="/wo""rk/|\.\./sha""red|sha""red/(design|seeds|oracle|hooks)|\b[Ii]ssu""es? #?[0-9]|core-sp""ec|bug[ -]cata""log"
	grep -rnIE "$words" --exclude-dir=build --exclude-dir=.git --exclude=.git --exclude-dir=found . | while IFS= read -r line; do
		say "a word of another place: $line"
	done
}

# A search that finds nothing is no failure here; what a command says on standard error is a complaint.
check() {
	(
		set +e +o pipefail
		cd "$1" || exit
		check_data_races
		check_switches
		check_reasons
		check_operations
		check_output
		check_nightly
		check_laws
		check_paths
		check_links
		check_words
	) 2>&1
}

# ---- the test of the test ----

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0
planted=0

# The copy is as old as can be, so what a command has touched is younger.
(cd "$source_root" && tar -cf - --exclude=./build --exclude=./.git --exclude=./crashes/found .) | tar -xmf - -C "$tree"
find "$tree" -type f -exec touch -d @0 {} +

# Puts back what a command has touched.
restore() {
	local file
	find "$tree" -type f -newermt @1 -printf '%P\n' | while IFS= read -r file; do
		rm "$tree/$file"
		[ ! -e "$source_root/$file" ] || cp "$source_root/$file" "$tree/$file"
		[ ! -e "$tree/$file" ] || touch -d @0 "$tree/$file"
	done
}

# plant TEXT COMMAND...: in the copy, the command makes exactly one complaint, with that text.
plant() {
	local text=$1 got
	shift
	(cd "$tree" && "$@")
	got=$(check "$tree")
	restore
	planted=$((planted + 1))
	if [ "$(wc -l <<<"$got")" -ne 1 ] || [[ $got != *"$text"* ]]; then
		printf 'FAILED %s: wanted one complaint with "%s", got:\n%s\n' "$*" "$text" "$got"
		failed=1
	fi
}

append() {
	printf '%s\n' "$2" >>"$1"
}

got=$(check "$source_root")
if [ -n "$got" ]; then
	printf '%s\n' "$got"
	exit 1
fi
plant "missing: data_race() in docs/FIDELITY.md: | \`core/mm/new.c\` | a hint, (no more) |" \
	append core/mm/new.c $'u64 f(void) { return data_race(g(x),\n\t"a hint, "\n\t"(no more)"); }'
plant "which the sources do not know: | \`core/mm/zone.c\`" append docs/FIDELITY.md '| `core/mm/zone.c` | it was harmless |'
plant "missing: switch in docs/FIDELITY.md: new_bug" append core/bugs.def 'BUG_SWITCH(new_bug, "6.0", "-", "new")'
plant "missing: switch in docs/FIDELITY.md: new_design" append core/designs.def 'DESIGN(new_design, a, b, "why?")'
plant "which the sources do not know: free_scanner_stale_type" sed -i '/^BUG_SWITCH(free_scanner_stale_type/d' core/bugs.def
plant "missing: row in docs/scenario.md: | 63 | \`nap ms={ms}\` | ms: 1-9, default 2 | sleep |" \
	append core/ops.def $'OP(63, nap, 1, "ms={ms}", "sleep")\nOP_ARG(nap, ms, INT, 1, 9, 2)'
plant "missing: reason in docs/FIDELITY.md: | \`x\` | 1-2 | \`y\` | z |" append oracle/reasons.def 'REASON("x", 1, 2, "y", "z")'
plant "missing: verdict in docs/OUTPUT.md: | \`gone\` |" append core/verdicts.def 'VERDICT(gone, "gone", "away")'
plant "missing: variable in docs/OUTPUT.md: PFNSTORM_NEW" append fuzz/engine/new.c 'char *f(void) { return getenv("PFNSTORM_NEW"); }'
plant "missing: key in docs/NIGHTLY.md: night mood" append jobs/jobfile.def 'JOB_KEY(night, mood, "mood", TEXT, "", "", "x")'
plant "missing: outcome in docs/NIGHTLY.md: lost" append jobs/unit_outcomes.def 'UNIT_OUTCOME_WORD(lost, true, "x")'
plant "law in docs/LAWS.md, which the sources do not know: new_law" sed -i 's/^| 94 .*/| 94 | x | y | `new_law` |/' docs/LAWS.md
plant "missing: number in docs/LAWS.md: 94" sed -i '/^| 94 /d' docs/LAWS.md
plant "nothing sees: | 94 |" sed -i 's/^| 94 .*/| 94 | x | y | |/' docs/LAWS.md
plant "docs/HACKING.md names core/mm/nothing.c" append docs/HACKING.md 'See `core/mm/nothing.c`.'
plant "README.md names dev.d/*.cobol" append README.md 'See dev.d/*.cobol.'
plant "docs/OUTPUT.md links to GONE.md" append docs/OUTPUT.md '[gone](GONE.md)'
plant "a word of another place: ./docs/HACKING.md:" append docs/HACKING.md "see /wo""rk/plan"
plant "a word of another place: ./core/mm/new.c:1:" append core/mm/new.c "/* issu""e 2 */"

[ $failed -eq 0 ] || exit 1
echo "docs: documents and sources agree; $planted planted violations were seen"
