# SPDX-License-Identifier: MIT
# ./dev setup

# Debian package, and what it is for.
PACKAGES="
cmake               build
ninja-build         build
pkg-config          build; finds the installed library
git                 pfnstorm bisect
clang-19            compiler, newest supported
libclang-rt-19-dev  sanitizers and libFuzzer of clang-19
lld-19              linker
llvm-19             coverage reports
clang-14            compiler, oldest supported, and AFL++'s
libclang-rt-14-dev  sanitizers of clang-14
lld-14              linker
llvm                llvm-symbolizer, which sanitizers use
afl++               second fuzzer
liburcu-dev         RCU of the thread runtime
libcmocka-dev       unit tests
libjson-c-dev       JSON output
zlib1g-dev          compressed recordings of a real kernel
libxxhash-dev       names of crash folders
libdw-dev           places in the source
libsqlite3-dev      index of the crash store
libinih-dev         job files of nights
binutils            what OSS-Fuzz's checks look at
zip                 seeds for OSS-Fuzz
unzip               the same, read back
"
# What only tests of the wide tier need; those say so and are skipped without it.
WIDE_PACKAGES="
chromium            looks at pages
gnuplot-nox         plots of a report
libxml2-utils       reads JUnit XML
munge               Slurm's nodes know each other by it
slurm-wlm           nights on a cluster
"

missing_packages() {
	local name
	while read -r name _; do
		[ -n "$name" ] || continue
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
	done <<<"$PACKAGES"
}

dev_setup() {
	local missing name purpose install quiet=
	while [ $# -gt 0 ]; do
		case $1 in
		--full) PACKAGES=$PACKAGES${WIDE_PACKAGES#$'\n'} ;;
		--quiet) quiet=yes ;;
		*) bad_usage "setup: unexpected argument '$1'" ;;
		esac
		shift
	done
	command -v dpkg-query >/dev/null || die "needs Debian 12 or a system with its packages: dpkg-query was not found" 2
	mapfile -t missing < <(missing_packages)
	if [ ${#missing[@]} -eq 0 ]; then
		[ -n "$quiet" ] || say "every package is installed"
		return
	fi
	say "${#missing[@]} packages are missing:"
	while read -r name purpose; do
		case " ${missing[*]} " in
		*" $name "*) printf '   %-20s%s\n' "$name" "$purpose" >&2 ;;
		esac
	done <<<"$PACKAGES"
	install="apt-get install -y --no-install-recommends ${missing[*]}"
	if [ "$(id -u)" -ne 0 ]; then
		printf 'As root, run:\n  apt-get update && %s\n' "$install" >&2
		exit 2
	fi
	export DEBIAN_FRONTEND=noninteractive
	# A bare system has no lists, or old ones that name versions no longer served.
	apt-get update -q </dev/null >&2
	$install -q </dev/null >&2
}
