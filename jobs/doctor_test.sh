#!/bin/bash
# SPDX-License-Identifier: MIT
# pfnstorm doctor on machines that a test made up: each thing is ok, or says what to do.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"

mkdir -p machine/proc/sys/kernel machine/proc/sys/vm machine/sys/devices/system/cpu/cpu0/cpufreq machine/dev/shm engines here
echo core >machine/proc/sys/kernel/core_pattern
echo 2 >machine/proc/sys/kernel/randomize_va_space
echo 28 >machine/proc/sys/vm/mmap_rnd_bits
echo 0 >machine/proc/sys/vm/overcommit_memory
printf 'MemTotal: 99999999 kB\nMemAvailable: 99999999 kB\n' >machine/proc/meminfo
echo performance >machine/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor
printf '#!/bin/sh\n# Debian clang version 19.1.4 (1)\n' >engines/fuzz_race
cp engines/fuzz_race engines/afl_race
printf '#!/bin/sh\necho "afl-fuzz++4.04c based on afl" >&2\nexit 1\n' >engines/afl-fuzz
chmod +x engines/*

doctor() {
	PATH=$PWD/engines:$PATH "$pfnstorm" doctor --root machine --engines engines --dir here "$@"
}

# line LEVEL WHAT TEXT: a line of that level, with the text in it.
line() {
	if ! grep -E "^$1 +$2 " out | grep -qF -- "$3"; then
		echo "expected a line '$1 $2 ... $3':"
		cat out
		failed=1
	fi
}

run 0 doctor
line ok "core pattern" core
line ok "address bits" "vm.mmap_rnd_bits=28"
line ok "CPU governor" performance
line ok "libFuzzer engines" "engines/fuzz_race, clang version 19.1.4"
line ok "AFL\+\+ engines" engines/afl_race
line ok afl-fuzz afl-fuzz++4.04c
lacks out "bad  "

# What is planted, the line that sees it, and what to do.
planted() {
	local file=$1 value=$2 status=$3 level=$4 what=$5 advice=$6 kept
	kept=$(cat "machine/$file")
	printf '%s\n' "$value" >"machine/$file"
	run "$status" doctor
	line "$level" "$what" ""
	has out "$advice"
	printf '%s\n' "$kept" >"machine/$file"
}
planted proc/sys/kernel/core_pattern "|/usr/share/apport %p" 0 warn "core pattern" "echo core >/proc/sys/kernel/core_pattern"
planted proc/sys/vm/mmap_rnd_bits 32 0 warn "address bits" "sysctl vm.mmap_rnd_bits=28"
planted proc/sys/vm/overcommit_memory 2 1 bad arena "sysctl vm.overcommit_memory=0"
planted proc/meminfo "MemAvailable: 1000 kB" 1 bad memory "an engine needs"
planted sys/devices/system/cpu/cpu0/cpufreq/scaling_governor powersave 0 warn "CPU governor" "echo performance"

run 1 doctor --dir nowhere
line bad disk "nowhere: No such file"
rm engines/afl_race
run 0 doctor --json
has out '"what":"AFL++ engines"'
has out '"level":"warn"'
has out "build it with './dev build afl'"
rm engines/fuzz_race
run 1 doctor
line bad engines "none that could run"
rm machine/proc/meminfo
run 1 doctor
has out "/proc/meminfo: no MemAvailable"
(
	ulimit -f 1000
	doctor >limited
)
grep -q "ulimit -f unlimited" limited || { echo "a limit of file sizes is not seen"; failed=1; }
exit $failed
