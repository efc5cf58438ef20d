# SPDX-License-Identifier: MIT
# Mutants of one C file: synchronisation and order taken away, one place at a time.
#
#   awk -f mutants.awk FILE              lists them, a line each: number, line, operator, function, text (with tabs)
#   awk -v apply=N -f mutants.awk FILE   prints the file with mutant N applied
#   awk -v schema=BASE -f mutants.awk FILE   prints the file with all of them, each behind mutant_is(BASE + N) of
#                                        dev.d/mutant.h; lines keep their numbers
#
# Operators:
#   lock     a lock and its unlock in the same function are not taken
#   wait     a grace period, a barrier or a drain is left out
#   order    a release store or acquire load is a marked access only
#   recheck  a condition that is looked at right after a lock was taken, or that says that something changed, never holds
#   swap     a store and the release or list operation beside it change places (two marked stores promise no order)

BEGIN {
	pairs = "spin_lock spin_unlock|spin_lock_irqsave spin_unlock_irqrestore|mutex_lock mutex_unlock|down_read up_read|" \
		"down_write up_write|rcu_read_lock rcu_read_unlock|preempt_disable preempt_enable|local_irq_save local_irq_restore|" \
		"get_online_mems put_online_mems|mem_hotplug_begin mem_hotplug_done|lock_page unlock_page|" \
		"lock_device_hotplug unlock_device_hotplug|device_lock device_unlock|zone_pcp_disable zone_pcp_enable|" \
		"lru_cache_disable lru_cache_enable|percpu_down_read percpu_up_read|percpu_down_write percpu_up_write"
	count = split(pairs, pair, "|")
	for (i = 1; i <= count; i++) {
		split(pair[i], names, " ")
		unlock_of[names[1]] = names[2]
	}
}

{ line[NR] = $0 }

/^[a-z_].*\(/ {
	name_of_next = $0
	sub(/__attribute__\(\([a-z_]*(\("[a-z]*"\))?\)\) */, "", name_of_next)
	sub(/\(.*/, "", name_of_next)
	sub(/.*[ *]/, "", name_of_next)
}
/^{$/ { function_start = NR; name_of[NR] = name_of_next }
{ start_of[NR] = function_start }

# Name of the function called by a line that is nothing but a call, else "".
function called(text,    name) {
	if (text !~ /^\t+[a-z_]+\(.*\);$/)
		return ""
	name = text
	sub(/^\t+/, "", name)
	sub(/\(.*/, "", name)
	return name
}

function first_argument(text) {
	sub(/^[^(]*\(/, "", text)
	sub(/[,)].*/, "", text)
	return text
}

function second_argument(text) {
	if (text !~ /,/)
		return ""
	sub(/^[^,]*, */, "", text)
	sub(/\);$/, "", text)
	return text
}

function trimmed(text) {
	gsub(/^[ \t]+/, "", text)
	return text
}

function emit(at, operator, text) {
	number++
	if (!apply && schema == "")
		printf "%d\t%d\t%s\t%s\t%s\n", number, at, operator, name_of[start_of[at]], trimmed(text)
	return number == apply || schema != ""
}

# ---- the schema: what each mutant does to a line is put down, and all of it written in the end ----

function asked() {
	return "mutant_is(" schema + number ")"
}

function drop(at, text) {
	if (schema == "")
		line[at] = text
	else {
		drop_if[at] = drop_if[at] (drop_if[at] == "" ? "" : " | ") asked()
		drop_to[at] = trimmed(text)
	}
}

# One line as it is written, all that the line has by itself included.
function guarded(at,    text) {
	text = line[at]
	if (unordered_if[at] != "")
		text = maybe_unordered(text, unordered_if[at])
	if (drop_if[at] == "")
		return text
	return "\t{ if (" drop_if[at] ") { " drop_to[at] " } else { " trimmed(text) " } }"
}

# Neighbouring stores with @pairs swaps among them, from line @at: each swap, and the order as it is.
function guarded_stores(at, pairs,    i, k, text) {
	text = "\t{ "
	for (k = 0; k < pairs; k++) {
		text = text "if (mutant_is(" swapped[at + k] ")) { "
		for (i = 0; i <= pairs; i++)
			text = text trimmed(guarded(at + (i == k ? k + 1 : i == k + 1 ? k : i))) " "
		text = text "} else "
	}
	text = text "{ "
	for (i = 0; i <= pairs; i++)
		text = text trimmed(guarded(at + i)) " "
	return text "} }"
}

function print_schema(    at, pairs, i) {
	for (at = 1; at <= NR; at++) {
		for (pairs = 0; swapped[at + pairs] != ""; pairs++)
			;
		if (!pairs) {
			print guarded(at)
			continue
		}
		print guarded_stores(at, pairs)
		for (i = 0; i < pairs; i++)
			print ""
		at += pairs
	}
}

# The statement without the call; what it would have set is set, so that the mutant compiles.
function dropped(text,    indent, flags) {
	indent = indent_of(text)
	flags = text ~ /irq/ ? second_argument(text) : ""
	if (text ~ /local_irq_save/)
		flags = first_argument(text)
	if (text ~ /(irqsave|irq_save)/ && flags != "")
		return indent flags " = 0;"
	if (flags != "")
		return indent "(void)" flags ";"
	return indent ";"
}

function end_of(at,    i) {
	for (i = at; i <= NR && line[i] != "}"; i++)
		;
	return i
}

# A planted bug's, and not the core's own.
function planted(at) {
	return line[at - 1] ~ /[^!_a-z]bug\(/
}

function lock_mutant(at,    name, other, argument, i, last, found) {
	name = called(line[at])
	if (!(name in unlock_of) || planted(at))
		return
	other = unlock_of[name]
	argument = first_argument(line[at])
	last = end_of(at)
	for (i = at + 1; i < last; i++)
		if (called(line[i]) == other && first_argument(line[i]) == argument)
			found = 1
	# The same lock taken again in a function goes with the first: they are one mutant.
	if (!found || (start_of[at], name, argument) in taken)
		return
	taken[start_of[at], name, argument] = 1
	if (!emit(at, "lock", line[at]))
		return
	for (i = start_of[at]; i < last; i++)
		if ((called(line[i]) == name || called(line[i]) == other) && first_argument(line[i]) == argument)
			drop(i, dropped(line[i]))
}

function wait_mutant(at,    name) {
	name = called(line[at])
	if (name !~ /^(synchronize_rcu|smp_mb|smp_wmb|smp_rmb|drain_all_pages|lru_add_drain_all|drain_local_pages|flush_work)$/)
		return
	if (!planted(at) && emit(at, "wait", line[at]))
		drop(at, "\t;")
}

# smp_store_release(&x, v) -> WRITE_ONCE(x, v); smp_load_acquire(&x) -> READ_ONCE(x).
function unordered(text) {
	sub(/smp_store_release\(&/, "WRITE_ONCE(", text)
	sub(/smp_load_acquire\(&/, "READ_ONCE(", text)
	return text
}

function maybe_unordered(text, id,    call, variable) {
	sub(/smp_store_release\(/, "mutant_store_release(" id ", ", text)
	if (match(text, /smp_load_acquire\(&[^,()]+\)/)) {
		call = substr(text, RSTART, RLENGTH)
		variable = substr(call, 19, length(call) - 19)
		text = substr(text, 1, RSTART - 1) "(mutant_is(" id ") ? READ_ONCE(" variable ") : " call ")" \
			substr(text, RSTART + RLENGTH)
	}
	return text
}

function order_mutant(at) {
	if (line[at] !~ /smp_(store_release|load_acquire)\(&[^,()]+[,)]/)
		return
	if (!emit(at, "order", line[at]))
		return
	if (schema == "")
		line[at] = unordered(line[at])
	else
		unordered_if[at] = schema + number
}

function after_lock(at,    i) {
	for (i = at - 1; i > at - 3 && i > start_of[at]; i--)
		if (called(line[i]) in unlock_of)
			return 1
	return 0
}

function recheck_mutant(at,    brace) {
	if (line[at] !~ /^\t+(if|while) \(.*\)( \{)?$/)
		return
	# A law's hook says nothing about the machine.
	if (line[at] ~ /[^_a-z]bug\(|_hook\)/ || (!after_lock(at) && line[at] !~ /(seqretry|signal_pending|kthread_should_stop|check_retry|is_migrate_isolate)/))
		return
	if (!emit(at, "recheck", line[at]))
		return
	brace = sub(/\) \{$/, ")", line[at])
	sub(/(if|while) \(/, schema == "" ? "&0 \\&\\& (" : "&!" asked() " \\&\\& (", line[at])
	line[at] = line[at] ")" (brace ? " {" : "")
}

function is_store(text) {
	return text ~ /^\t+(WRITE_ONCE|list_|set_bit|clear_bit|SetPage|ClearPage|atomic_|smp_store_release|__mod_|mod_)[A-Za-z_]*\(.*\);$/
}

function indent_of(text) {
	sub(/[^\t].*/, "", text)
	return text
}

function swap_mutant(at,    kept) {
	if (!is_store(line[at]) || !is_store(line[at + 1]) || indent_of(line[at]) != indent_of(line[at + 1]))
		return
	if (line[at] line[at + 1] !~ /\t(smp_store_release|list_[a-z_]*)\(/)
		return
	if (emit(at, "swap", line[at] " <-> " trimmed(line[at + 1]))) {
		swapped[at] = schema + number
		if (schema != "")
			return
		kept = line[at]
		line[at] = line[at + 1]
		line[at + 1] = kept
	}
}

END {
	for (at = 1; at <= NR; at++) {
		lock_mutant(at)
		wait_mutant(at)
		order_mutant(at)
		recheck_mutant(at)
		swap_mutant(at)
	}
	if (schema != "")
		print_schema()
	else if (apply)
		for (at = 1; at <= NR; at++)
			print line[at]
}
