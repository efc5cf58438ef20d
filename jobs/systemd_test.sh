#!/bin/bash
# SPDX-License-Identifier: MIT
# The systemd units that are installed: systemd finds nothing wrong with them, and what they start is there.
set -u
[ "$PFNSTORM_PRESET" = release ] || exit 77
command -v systemd-analyze >/dev/null || {
	echo "not tested: there is no systemd-analyze"
	exit 77
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
for unit in "$PFNSTORM_BIN_DIR"/../systemd/*; do
	name=$(basename "$unit")
	instance=${name/@/@night}
	# Not installed yet: the tool of this tree stands for that of the installation.
	sed "s|=/[^ ]*/pfnstorm |=$PFNSTORM_BIN_DIR/pfnstorm |" "$unit" >"$scratch/$name"
	ln -s "$name" "$scratch/$instance"
done
for instance in "$scratch"/*@night.*; do
	SYSTEMD_UNIT_PATH="$scratch:" systemd-analyze verify "$instance" >"$scratch/said" 2>&1
	status=$?
	# Of the units of this machine it has its own opinion.
	if grep -F pfnstorm "$scratch/said" || { [ $status -ne 0 ] && ! grep -q . "$scratch/said"; }; then
		echo "systemd-analyze verify $(basename "$instance"): $status"
		failed=1
	fi
done
[ "$(ls "$scratch" | grep -c '@night')" -eq 3 ] || { echo "expected 3 units"; failed=1; }
exit $failed
