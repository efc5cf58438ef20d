#!/bin/bash -eu
# SPDX-License-Identifier: MIT
exec bash -eu "$SRC/pfnstorm/fuzz/oss-fuzz/build.sh"
