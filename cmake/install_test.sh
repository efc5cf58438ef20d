#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs into an empty folder; a program outside the source tree finds everything through pkg-config and runs.
set -euo pipefail
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
build=$PFNSTORM_BIN_DIR/..

cmake --install "$build" --prefix "$prefix" >"$prefix/log"
cat >"$prefix/consumer.c" <<'SOURCE'
#include <stdio.h>
#include "core/core.h"

int main(void)
{
	const struct op_info *op = op_info_by_name("offline");

	puts(op ? op->name : "no operation offline");
	return !op;
}
SOURCE
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name pfnstorm.pc)")
export PKG_CONFIG_PATH
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
cd "$prefix"
# shellcheck disable=SC2046 # flags are words
"$compiler" consumer.c -o consumer -fuse-ld=lld $(pkg-config --cflags --libs pfnstorm)
[ "$(./consumer)" = offline ]
for program in pfnstorm pfnstorm-stress; do
	"bin/$program" --help >/dev/null || { echo "installed $program --help failed"; exit 1; }
done
echo "installed headers, library and programs work"
