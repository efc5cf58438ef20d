#!/bin/bash
# SPDX-License-Identifier: MIT
# pfnstorm report: what it prints and writes, for good nights, bad ones, and texts that nobody should have written.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"
# One of the builds that have all parts: programs are started here.
[ "$PFNSTORM_PRESET" = asan ] || exit 77
signature="oops use-after-free memmap {compaction.freepage_checked, sparse.mem_map_cleared}"

# nights DIR [ASSIGNMENT...]: sixteen nights, the last of them eventful.
nights() {
	local assignments=() word dir=$1
	shift
	for word in "$@"; do
		assignments+=(-v "$word")
	done
	awk -v dir="$dir" -v nights=16 "${assignments[@]}" -f "$PFNSTORM_SOURCE_DIR/jobs/nights.awk" </dev/null
}

# valid FILE: is it XML, if somebody here can tell?
valid() {
	if command -v xmllint >/dev/null && ! xmllint --noout "$1" 2>err; then
		sed 's/^/  /' err
		failed=1
	fi
}

# The bug that is back has a folder in the crash store.
mkdir -p d/crashes
run 0 "$pfnstorm" crashes import --store d/crashes "$known"
record=$("$pfnstorm" crashes list --store d/crashes | sed -n '1s/ .*//p')
nights d record="$record"

run 0 "$pfnstorm" report --dir d --html page.html --junit night.xml --prometheus night.prom
has out "outcome    regression: a bug that had been fixed is back"
has out "regressed  $record  $signature (fuzz-race)"
has out "new        race zone.nr_isolate_pageblock {isolation.counted, pageblock.type_set} (fuzz-race)"
has out "fixed      00c0ffee"
has out "worse      fuzz-race: held -> found"
has out "worse      fuzz-pcp executions/s: 4.14k/s -> 2.50k/s, -40 %"
has out "canaries: 4 of 4 fired"
has out "worse      stress-mix p99 of compact: 1.2"
lacks out "canary-leak found after"
cp page.html out
has out "<h1>regression</h1>"
has out "compaction.freepage_checked 312 #1"
has out "EBUSY 15.3k"
has out "pfnstorm replay pfn1:"
if grep -oiE '(src|href)="[^#"]*"|@import|url\(|<script' page.html; then
	echo "page.html: expected nothing from elsewhere"
	failed=1
fi
valid night.xml
cp night.xml out
has out 'tests="11" failures="2" errors="0" skipped="0"'
has out "<failure message=\"$signature\" type=\"found\">"
has out "token $(cat "$known/token")"
has out '<testcase classname="stress" name="stress-mix" time="330.000">'
has out 'type="timeout">no progress in the calm after 30 s'
cp night.prom out
has out 'pfnstorm_night_outcome{job="small",outcome="regression"} 1'
has out 'pfnstorm_night_crashes{job="small",news="new"} 1'
has out 'pfnstorm_operation_latency_seconds{job="small",unit="stress-mix",operation="compact",quantile="0.99"} 0.0'
has out 'pfnstorm_unit_found_after{job="small",unit="canary-race",kind="canary"} 634'
if grep -vE '^(# (HELP|TYPE) pfnstorm_[a-z_]+ .+|pfnstorm_[a-z_]+\{([a-z_]+="[^"]*",?)+\} [-+.e0-9]+)$' night.prom; then
	echo "night.prom: not the text format of Prometheus"
	failed=1
fi
ls >out
lacks out .tmp

# For programs; another night; against another one; none.
run 0 "$pfnstorm" report --dir d --json --night 20261213 --against 20261202T010203Z-5eed
has out '"outcome":"green"'
has out '"nights_before":['
python=$(command -v python3 || true)
[ -z "$python" ] || "$python" -m json.tool <"$scratch/out" >/dev/null || failed=1
run 0 "$pfnstorm" report --dir d --night 20261129 --html first.html
lacks out against
cp first.html out
has out "Trends begin with the second night."
run 0 "$pfnstorm" report --dir d --night 20261212T010203Z-5eed
has out "silent       canary-leak: lru_disable_leak did not fire"
run 0 "$pfnstorm" report --dir d --against none
lacks out against

# Without gnuplot there are tables.
run 0 env PATH=/nowhere "$pfnstorm" report --dir d --html plain.html
cp plain.html out
has out "No plots: gnuplot is not installed (Debian: gnuplot-nox). The same numbers as tables:"
has out "<tr><th>canary-leak</th>"
if command -v gnuplot >/dev/null; then
	[ "$(grep -c '<svg viewBox="0 0 330 130"' page.html)" = 17 ] || { echo "expected 17 plots"; failed=1; }
	if grep -q "rgb(  1" page.html; then echo "a colour of gnuplot is left"; failed=1; fi
fi

# Texts of others do no harm, and are not lost.
nights evil evil=1 signature='<b>\\u0001</b>'
printf '{"schema":1,"unit":"bytes","kind":"fuzz","outcome":"held","message":"\xff\xc0\x80 \xe2\x80\xae]]>"}' \
	>evil/nights/20261215T010203Z-5eed/units/bytes.json
run 0 "$pfnstorm" report --dir evil --html evil.html --junit evil.xml --prometheus evil.prom
valid evil.xml
if LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' evil.html evil.xml evil.prom out; then
	echo "control characters"
	failed=1
fi
if command -v iconv >/dev/null; then
	iconv -f UTF-8 -t UTF-8 evil.html evil.xml evil.prom out >/dev/null || failed=1
fi
cp evil.html out
lacks out "<script"
lacks out "<img"
lacks out "<b>�"
has out "&lt;script&gt;alert(1)&lt;/script&gt;"
has out "&lt;b&gt;�&lt;/b&gt;"
cp evil.prom out
has out 'job="<img src=x onerror=alert(2)>"'

# Bad input: place, what was found, what was expected; nothing written.
run 2 "$pfnstorm" report
has err "expected --dir D"
run 2 "$pfnstorm" report --dir nowhere
has err "nowhere: No such file or directory: expected the directory of a nightly"
mkdir empty
run 2 "$pfnstorm" report --dir empty --html no.html
has err "empty/nights: found no night, expected what \`pfnstorm nightly\` writes"
run 2 "$pfnstorm" report --dir d --night 2025 --html no.html
has err "--night: found no night '2025', expected one of 16, the last of which is 20261215T010203Z-5eed"
run 2 "$pfnstorm" report --dir d --against 202612 --html no.html
has err "--against 202612: expected one night, found 20261201T010203Z-5eed and 20261202T010203Z-5eed"
echo '{"schema":1,"job":"small","started":3}' >d/nights/20261215T010203Z-5eed/night.json
run 2 "$pfnstorm" report --dir d --night 20261215T010203Z-5eed --html no.html
has err "d/nights/20261215T010203Z-5eed/night.json:1:"
[ ! -e no.html ] || { echo "no.html was written"; failed=1; }
run 4 "$pfnstorm" report --dir evil --html nowhere/page.html
has err "nowhere/page.html: No such file or directory"
exit $failed
