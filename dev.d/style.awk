# SPDX-License-Identifier: MIT
# Reads style.rules, then sources. Prints "file:line: what is wrong" for each violation; status 1 if there was one.
# Plain awk: a bare Debian has mawk. Run with LC_ALL=C, so that length() counts bytes.

function fail(line, text)
{
	printf "%s:%d: %s\n", file, line, text
	failures++
}

function to_regex(glob, r)
{
	r = glob
	gsub(/[.]/, "[.]", r)
	gsub(/\*\*/, "\001", r)
	gsub(/\*/, "[^/]*", r)
	gsub(/\001/, ".*", r)
	return "^" r "$"
}

# Is @path in one of the comma-separated @folders, and in none with "!"?
function in_folders(path, folders, n, i, list, inside, name)
{
	n = split(folders, list, ",")
	inside = 0
	for (i = 1; i <= n; i++) {
		name = list[i]
		sub(/^!/, "", name)
		if (name == "." || index(path, name "/") == 1) {
			if (list[i] ~ /^!/)
				return 0
			inside = 1
		}
	}
	return inside
}

function read_rule(kind, why, n, i, names)
{
	kind = $1
	if (kind == "layer") {
		layers[++nr_layers] = $2
		for (i = 3; i <= NF; i++)
			layer_allows[nr_layers] = layer_allows[nr_layers] " " $i
	} else if (kind == "ban" || kind == "call" || kind == "mark") {
		why = $0
		if (!sub(/^.* -- /, "", why)) {
			printf "%s:%d: a %s rule needs \"-- why\"\n", FILENAME, FNR, kind
			failures++
		}
		names = ""
		for (i = 3; $i != "--"; i++)
			names = names (names == "" ? "" : "|") $i
		names = "(^|[^A-Za-z0-9_])(" names ")" (kind == "call" ? "[ \t]*[(]" : "([^A-Za-z0-9_]|$)")
		if (kind == "mark") {
			mark_folders[++nr_marks] = $2
			mark_regex[nr_marks] = names
			mark_why[nr_marks] = why
		} else {
			ban_folders[++nr_bans] = $2
			ban_regex[nr_bans] = names
			ban_why[nr_bans] = why
		}
	} else {
		printf "%s:%d: unknown rule \"%s\"\n", FILENAME, FNR, kind
		failures++
	}
}

function end_file()
{
	if (file == "")
		return
	if (lines > 600)
		fail(lines, "file has " lines " lines, 600 are allowed")
	if (is_c && function_start)
		fail(function_start, "body without a closing brace in the first column")
	if (is_header && guard_state != 2)
		fail(1, "header without #ifndef PFNSTORM_..._H and #define of the same name")
}

function begin_file(i, best)
{
	end_file()
	file = FILENAME
	sub(root_regex, "", file)
	lines = 0
	in_comment = 0
	function_start = 0
	guard_state = 0
	is_def = file ~ /[.]def$/
	is_header = file ~ /[.]h$/
	is_c = file ~ /[.][ch]$/
	is_cmake = file ~ /([.]cmake|CMakeLists[.]txt)$/
	is_prose = file ~ /[.](md|txt|json)$/ && file !~ /CMakeLists[.]txt$/
	is_script = !is_c && !is_def && !is_prose && file !~ /[.]S$/
	is_test = file ~ /(_test[.][ch]|\/testing[.][ch]|\/test_[^\/]*[.]h|\/bench_[^\/]*[.]c)$/
	core_above_rt = in_folders(file, "core,!core/rt")
	layer = 0
	best = 0
	for (i = 1; i <= nr_layers; i++)
		if (index(file, layers[i] "/") == 1 && length(layers[i]) > best) {
			best = length(layers[i])
			layer = i
		}
	nr_active = 0
	for (i = 1; i <= nr_bans; i++)
		if (!is_test && (is_c || is_cmake && ban_folders[i] == ".") && in_folders(file, ban_folders[i]))
			active[++nr_active] = i
}

# The line without comments and without what is inside quotes. Strings of includes stay.
function code_of(line, out, at, c, two)
{
	out = ""
	while (line != "") {
		if (in_comment) {
			at = index(line, "*/")
			if (!at)
				return out
			line = substr(line, at + 2)
			in_comment = 0
			continue
		}
		if (!match(line, /\/\*|\/\/|"|'/))
			return out line
		out = out substr(line, 1, RSTART - 1)
		two = substr(line, RSTART, 2)
		c = substr(two, 1, 1)
		line = substr(line, RSTART + 1)
		if (two == "//")
			return out
		if (two == "/*") {
			line = substr(line, 2)
			in_comment = 1
			continue
		}
		out = out c
		while (line != "" && substr(line, 1, 1) != c)
			line = substr(line, substr(line, 1, 1) == "\\" ? 3 : 2)
		out = out c
		line = substr(line, 2)
	}
	return out
}

function width(line, w, at)
{
	gsub(/[\200-\277]/, "", line)
	w = 0
	while ((at = index(line, "\t"))) {
		w += at - 1
		w += 8 - w % 8
		line = substr(line, at + 1)
	}
	return w + length(line)
}

function check_include(line, path, n, i, allowed, ok)
{
	path = line
	sub(/^[^"]*"/, "", path)
	sub(/".*/, "", path)
	if (path !~ /\//) {
		fail(FNR, "include \"" path "\": write the path from the root of the repository")
		return
	}
	if (!layer)
		return
	# A test of core links all of it, and may look at what is above to see that the machine is sound.
	ok = is_test && file ~ /^core\// && path ~ /^core\//
	n = split(layer_allows[layer], allowed, " ")
	for (i = 1; i <= n; i++)
		if (allowed[i] ~ /^!/) {
			if (path ~ to_regex(substr(allowed[i], 2)))
				ok = 0
		} else if (path ~ to_regex(allowed[i])) {
			ok = 1
		}
	if (!ok)
		fail(FNR, "include \"" path "\": " layers[layer] "/ may use only" layer_allows[layer])
}

function check_names(text, regex, why, name)
{
	if (!match(text, regex))
		return
	name = substr(text, RSTART, RLENGTH)
	gsub(/^[^A-Za-z_]+|[^A-Za-z0-9_]+$/, "", name)
	fail(FNR, name ": " why)
}

function check_c(line, code)
{
	if (line ~ /^[ \t]*#[ \t]*include[ \t]*"/)
		check_include(line)
	if (is_header && guard_state == 0 && code ~ /^#ifndef PFNSTORM_[A-Z0-9_]+_H$/) {
		guard_name = $2
		guard_state = 1
		return
	} else if (is_header && guard_state == 1) {
		guard_state = code == "#define " guard_name ? 2 : 3
	}
	if (core_above_rt && code ~ /^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)([^a-z]|$)/)
		fail(FNR, "conditional compilation in core: the runtimes differ below it")
	if (line ~ /^{/)
		function_start = FNR
	else if (line ~ /^}/ && function_start) {
		if (FNR - function_start - 1 > 70)
			fail(function_start, "function of " FNR - function_start - 1 " lines, 60 are allowed")
		function_start = 0
	}
}

BEGIN {
	root_regex = "^" root "/"
}

FILENAME == rules {
	if ($0 !~ /^[ \t]*(#|$)/)
		read_rule()
	next
}

FNR == 1 {
	begin_file()
	if ((is_c || is_def) && $0 != "/* SPDX-License-Identifier: MIT */")
		fail(1, "the first line must be /* SPDX-License-Identifier: MIT */")
	if (is_script)
		spdx = 0
}

{
	lines = FNR
	if (is_script && FNR <= 2 && $0 == "# SPDX-License-Identifier: MIT")
		spdx = 1
	if (is_script && FNR == 2 && !spdx)
		fail(1, "one of the first two lines must be # SPDX-License-Identifier: MIT")
	for (i = 1; i <= nr_marks; i++)
		if (in_folders(file, mark_folders[i]))
			check_names($0, mark_regex[i], mark_why[i])
	if (is_prose)
		next
	if (is_c && width($0) > 120)
		fail(FNR, "line of " width($0) " columns, 120 are allowed")
	if (!is_def && $0 ~ /[ \t]$/)
		fail(FNR, "blanks at the end of the line")
	code = is_c || is_def ? code_of($0) : ($0 ~ /^[ \t]*#/ ? "" : $0)
	if (is_c)
		check_c($0, code)
	for (i = 1; i <= nr_active; i++)
		check_names(code, ban_regex[active[i]], ban_why[active[i]])
}

END {
	end_file()
	exit failures ? 1 : 0
}
