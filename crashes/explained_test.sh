#!/bin/bash
# SPDX-License-Identifier: MIT
# What `explain` says of some known bugs, word for word: explained.txt in their folders. Where in the code it was, the
# machine, the hash and addresses are left out: they change with every edit, or from preset to preset.
set -u
pfnstorm=$PFNSTORM_BIN_DIR/pfnstorm
failed=0
count=0

explained() {
	"$pfnstorm" explain "$1" |
		sed '/^code$/,/^$/d; /^machine at the end$/,$d; s/ (0x[0-9a-f]*)//; s/ (0x[0-9a-f]*, / (/; s/heap+0x[0-9a-f]*/heap/'
}

for file in "$PFNSTORM_SOURCE_DIR"/crashes/known/*/explained.txt; do
	count=$((count + 1))
	if ! diff "$file" <(explained "${file%/*}"); then
		echo "$file: explain says something else"
		failed=1
	fi
done
[ "$count" -ge 3 ] || { echo "expected three explanations, found $count"; failed=1; }
exit $failed
