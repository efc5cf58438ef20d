# SPDX-License-Identifier: MIT
# ./dev fmt

dev_fmt() {
	local files check= file unformatted=0
	case ${1:-} in
	'') ;;
	--check) check=yes ;;
	*) bad_usage "fmt: unexpected argument '$1'" ;;
	esac
	command -v clang-format >/dev/null || die "clang-format was not found: apt-get install clang-format" 2
	mapfile -t files < <(find core fuzz api crashes stress oracle jobs cli dev.d -name '*.[ch]' | sort)
	[ -n "$check" ] || { clang-format -i "${files[@]}"; return; }
	for file in "${files[@]}"; do
		if ! clang-format "$file" | cmp -s - "$file"; then
			echo "$file"
			unformatted=$((unformatted + 1))
		fi
	done
	say "clang-format would change $unformatted of ${#files[@]} files"
	[ "$unformatted" -eq 0 ]
}
