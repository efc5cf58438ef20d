# SPDX-License-Identifier: MIT
# Rows of the documents' tables, made from core/*.def: awk -v table=NAME -f docs_tables.awk FILE.def...
#
#   ops        operations; needs enums.def before ops.def
#   arguments  types of arguments and their values
#   switches   ids of designs, and of bugs that some kernel had
#   verdicts   verdicts and their meaning
#   reasons    differences from recordings that are explained

# Splits the arguments of a macro into field[1..]; strings lose their quotes.
function split_arguments(line, field,    count, rest) {
	sub(/^[A-Z_]+\(/, "", line)
	sub(/\)[ \t]*$/, "", line)
	for (count = 0; line != ""; ) {
		sub(/^[ \t,]+/, "", line)
		if (line ~ /^"/) {
			rest = substr(line, 2)
			field[++count] = substr(rest, 1, index(rest, "\"") - 1)
			line = substr(rest, index(rest, "\"") + 1)
		} else {
			rest = index(line, ",")
			field[++count] = rest ? substr(line, 1, rest - 1) : line
			line = rest ? substr(line, rest + 1) : ""
		}
	}
	return count
}

function values(type, low, high) {
	if (type == "INT")
		return low "-" high
	if (type == "BLOCK")
		return "a block"
	if (type == "SLOT")
		return "a slot"
	if (type == "TASK")
		return "a task"
	return "`" tolower(type) "`"
}

function flush_operation() {
	if (operation != "")
		print "| " operation " | " arguments " | " help " |"
	operation = arguments = ""
}

/^ENUM\(/ {
	split_arguments($0, field)
	text[field[1], field[3]] = field[4]
	list[field[1]] = list[field[1]] (list[field[1]] == "" ? "" : ", ") "`" field[4] "`"
	if (!(field[1] in known))
		order[++types] = field[1]
	known[field[1]] = 1
}

table == "ops" && /^OP\(/ {
	flush_operation()
	split_arguments($0, field)
	operation = field[1] " | `" field[2] (field[4] == "" ? "" : " ") field[4] "`"
	help = field[5]
}

table == "ops" && /^OP_ARG\(/ {
	split_arguments($0, field)
	fallback = ""
	if (field[6] >= 0)
		fallback = ", default " (field[3] == "INT" ? field[6] : text[field[3], field[6]])
	arguments = arguments (arguments == "" ? "" : "; ") field[2] ": " values(field[3], field[4], field[5]) fallback
}

table == "switches" && /^DESIGN\(/ {
	split_arguments($0, field)
	print field[1]
}

table == "switches" && /^BUG_SWITCH\(/ {
	split_arguments($0, field)
	if (field[2] != "planted")
		print field[1]
}

table == "verdicts" && /^VERDICT\(/ {
	split_arguments($0, field)
	print "| `" field[2] "` |"
}

table == "reasons" && /^REASON\(/ {
	split_arguments($0, field)
	print "| `" field[1] "` | " field[2] "-" field[3] " | `" field[4] "` | " field[5] " |"
}

END {
	if (table == "ops")
		flush_operation()
	for (i = 1; table == "arguments" && i <= types; i++)
		print "| `" tolower(order[i]) "` | " list[order[i]] " |"
}
