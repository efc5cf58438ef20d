# SPDX-License-Identifier: MIT
# Helpers of the shell tests of this folder that run nights, beside those of the commands.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"
# These start hundreds of processes: one preset has to do.
[ "$PFNSTORM_PRESET" = asan ] || exit 77
planted=$PFNSTORM_SOURCE_DIR/corpus/planted

# nightly STATUS [OPTION...]: a night of job.ini in the folder D.
nightly() {
	local status=$1
	shift
	run "$status" "$pfnstorm" nightly job.ini --dir D "$@"
}

# night: the folder of the last night.
night() {
	echo "D/nights/$(cat D/last)"
}

# says FILE TEXT: a file of the last night contains it.
says() {
	if ! grep -qF -- "$2" "$(night)/$1"; then
		echo "expected '$2' in $1 of the night, got:"
		sed 's/^/  /' "$(night)/$1" | head -40
		failed=1
	fi
}

fail() {
	echo "$*"
	failed=1
}
