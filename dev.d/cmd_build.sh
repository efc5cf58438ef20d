# SPDX-License-Identifier: MIT
# ./dev build

dev_build() {
	local preset
	[ $# -gt 0 ] || set -- release
	for preset in "$@"; do
		case " $PRESETS " in
		*" $preset "*) ;;
		*) bad_usage "unknown preset '$preset': expected one of $PRESETS" ;;
		esac
	done
	dev_setup --quiet
	for preset in "$@"; do
		configure_and_build "$preset"
		say "built $preset: build/$preset/bin"
	done
}
