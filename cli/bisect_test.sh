#!/bin/bash
# SPDX-License-Identifier: MIT
# pfnstorm bisect on a made-up history of 16 revisions: --build looks whether there is a file, the tool is a script.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh" || exit 1
export HOME=$scratch GIT_CONFIG_NOSYSTEM=1 TMPDIR=$scratch/tmp
mkdir tmp

# What `pfnstorm replay` says in this tree: the file `state`.
cat >tool <<'TOOL'
#!/bin/sh
[ "$1" = replay ] || exit 2
case $2 in
--help) cat options; exit 0 ;;
--rebase)
	case $(cat near) in
	found) echo "token $3"; echo "oops: oops use-after-free memmap {a.b, c.d}"; exit 0 ;;
	esac
	echo "not found again near the schedule in 9 runs; nothing was written"
	exit 1 ;;
esac
echo "token $2"
case $(cat state) in
held) echo "hash 1, 2 of 2 identical"; exit 0 ;;
failed) echo "oops: oops use-after-free memmap {a.b, c.d}"; exit 1 ;;
other) echo "race: race page.flags {a.b}"; exit 1 ;;
drift) echo "pfnstorm: token: drift: entry 1 did not happen" >&2; exit 3 ;;
esac
echo "pfnstorm: token:1:9: no such switch" >&2
exit 2
TOOL

# history NAME STATE...: branch NAME with a revision for each; "broken": it does not build, "STATE,near": drift, and what
# a tool that has --rebase finds.
history() {
	local name=$1 number=0 state
	shift
	for state; do
		number=$((number + 1))
		printf 'commit refs/heads/%s\nmark :%d\ncommitter A <a@b> %d +0000\ndata <<.\nrevision %d\n.\n' "$name" "$number" \
			"$((1700000000 + number))" "$number"
		[ "$number" -eq 1 ] && printf 'M 755 inline tool\ndata %d\n%s\n' "$(($(wc -c <tool)))" "$(cat tool)"
		printf 'M 644 inline state\ndata <<.\n%s\n.\nM 644 inline number\ndata <<.\n%s\n.\n' "${state%,*}" "$number"
		case $state in
		*,*) printf 'M 644 inline near\ndata <<.\n%s\n.\nM 644 inline options\ndata <<.\n--rebase\n.\n' "${state#*,}" ;;
		*) printf 'M 644 inline options\ndata <<.\n--times\n.\n' ;;
		esac
		printf '\n'
	done | git -C repo fast-import --quiet --force
}

git init --quiet -b main repo
# The tenth is the culprit; the eighth, which halves the history, does not build.
history main held held held held held held held broken held failed failed failed failed failed failed failed
git -C repo checkout --quiet main
bisect() {
	local status=$1
	shift
	run "$status" "$pfnstorm" bisect --repo repo --build "grep -qv broken state || { echo 'x.c:1: error: broken'; exit 1; }" \
		--tool tool --token "$known" "$@"
	[ -z "$(ls tmp)" ] || { echo "left in the temporary folder: $(ls tmp)"; failed=1; }
}
# Nothing is left behind, whatever came of it.
untouched() {
	[ "$(git -C repo worktree list | wc -l)" -eq 1 ] || { echo "a worktree is left"; failed=1; }
	[ -z "$(git -C repo for-each-ref refs/bisect)" ] || { echo "a bisection is left"; failed=1; }
	[ "$(git -C repo symbolic-ref HEAD)" = refs/heads/main ] || { echo "HEAD was moved"; failed=1; }
	[ -z "$(git -C repo status --porcelain)" ] || { echo "the tree was changed"; failed=1; }
}
id() {
	git -C repo rev-parse "$1"
}

bisect 0 --good main~15 --bad main
has out "first bad: $(id main~6) revision 10"
grep -qE '^[1-8] revisions asked, 1 of them skipped$' "$scratch/out" || { echo "asked too many"; failed=1; }
has out "does not build, status 1: x.c:1: error: broken"
has out "oops: oops use-after-free memmap {a.b, c.d}"
has err "revisions left, "
untouched

# If what does not build lies before the culprit, it is one of several.
history gap held broken failed
bisect 1 --good gap~2 --bad gap
has out "first bad: one of 2, as those that were skipped can not be judged"
has out "  $(id gap) revision 3"

# Other failures, a scenario that a revision does not know, and drift are skipped; drift may be taken for good, or is
# looked at by a tool that can.
history skips held other unknown drift failed
bisect 1 --good skips~4 --bad skips
has out "another failure: race: race page.flags {a.b}"
has out "drift: entry 1 did not happen"
has out "replay ended with 2: pfnstorm: token:1:9: no such switch"
has out "first bad: one of 4"
history drifts held drift,none drift,none drift,found failed
bisect 0 --good drifts~4 --bad drifts
has out "not found again near the schedule in 9 runs"
has out "first bad: $(id drifts~1) revision 4"
history drifts held drift failed failed
bisect 0 --good drifts~3 --bad drifts --drift-is-good
has out "first bad: $(id drifts~1) revision 3"
# The schedule fits, but what it did has moved: only --near finds that.
history moved held,none held,none held,found failed
bisect 0 --good moved~3 --bad moved --near
has out "first bad: $(id moved~1) revision 3"

# The other way round: the revision that ended it.
history mended failed broken failed held held
bisect 0 --good mended --bad mended~4
has out "first good: $(id mended~1) revision 4"
has out "no more oops: oops use-after-free memmap {a.b, c.d}"

# Of a merge, the side that brought it, though the other is older.
commit() {
	git -C repo -c user.name=A -c user.email=a@b commit-tree -m "$@"
}
side=$(commit side -p moved~3 'moved^{tree}')
other=$(commit other -p moved~3 'moved~3^{tree}')
bisect 0 --good moved~3 --bad "$(commit merge -p "$other" -p "$side" "$side^{tree}")"
has out "first bad: $side side"
untouched

# What is wrong is said, with status 2.
mkdir plain
run 2 "$pfnstorm" bisect --repo plain "$known" --good a --bad b
has err "plain: expected a git tree: "
bisect 2 --good nowhere --bad main
has err "--good: expected a revision of repo, found 'nowhere'"
bisect 2 --good main~15 --bad nowhere
has err "--bad: expected a revision of repo, found 'nowhere'"
bisect 2 --good main --bad skips
has err "expected --good main and --bad skips to be different, and one an ancestor of the other"
bisect 2 --good main~3 --bad main
has err "--good main~3 fails: oops: oops use-after-free"
bisect 2 --good main~15 --bad main~7~3
has err "--bad main~7~3 does not fail: every law held"
bisect 2 --good main~15 --bad main~8
has err "--bad main~8 can not be judged: does not build, status 1"
run 2 "$pfnstorm" bisect "$known" --good main
has err "expected --good REVISION and --bad REVISION"
run 2 "$pfnstorm" bisect --good a --bad b
has err "expected INPUT"

# An interrupt ends what is running, and leaves nothing.
"$pfnstorm" bisect --repo repo --build 'echo $$ >"$TMPDIR"/../builder; sleep 1000' --tool tool "$known" --good main~15 --bad main \
	>"$scratch/out" 2>"$scratch/err" &
job=$!
until [ -s builder ]; do sleep 0.05; done
kill -TERM $job
wait $job
[ $? -eq 1 ] || { echo "interrupt: expected status 1"; failed=1; }
has out "interrupted: 0 revisions asked, 15 left"
if kill -0 "$(cat builder)" 2>/dev/null; then
	echo "the build goes on"
	failed=1
fi
[ -z "$(ls tmp)" ] || { echo "left after an interrupt: $(ls tmp)"; failed=1; }
untouched
exit $failed
