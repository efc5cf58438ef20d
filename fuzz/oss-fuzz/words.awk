# SPDX-License-Identifier: MIT
# A dictionary for libFuzzer and AFL++: the words of scenarios, as the tables of core have them.

function word(text) {
	if (text != "" && !(text in seen)) {
		seen[text] = 1
		print "\"" text "\""
	}
}

function field(n,    rest, i) {
	rest = $0
	sub(/^[A-Z_]+\(/, "", rest)
	for (i = 1; i < n; i++)
		sub(/^[^,]*,[ \t]*/, "", rest)
	sub(/[,)].*/, "", rest)
	gsub(/"/, "", rest)
	return rest
}

BEGIN {
	print "# Made by fuzz/oss-fuzz/words.awk"
	n = split("pfnstorm 1|name |machine |cpus=|nodes=|blocks=|online=|normal=|movable=|offline=|geometry=|topology=|" \
		"boot=|memory=|design |bug |era |boot |task | on cpu|cpu0|cpu1|by kernel| as s1|expect |schedule|switch | -> |" \
		" at | #1|choose |fail|strategy|seed", fixed, "|")
	for (i = 1; i <= n; i++)
		word(fixed[i])
}

/^OP\(/ { word(field(2) " ") }
/^OP_ARG\(/ { word(field(2) "=") }
/^ENUM\(/ { word(field(4)) }
/^POINT\(/ { word(field(1) "." field(2)) }
/^ALTERNATIVE\(/ { word(field(1) "=" field(2)) }
/^BUG_SWITCH\(/ { word(field(1) "=on") }
/^(FAULT|BOOT_PARAM|GEOMETRY|TOPOLOGY|MEMORY_MODEL|VERDICT)\(/ { word(field(2)) }
/^INVARIANT\(/ { word(field(1)) }
