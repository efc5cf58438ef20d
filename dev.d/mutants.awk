# SPDX-License-Identifier: MIT
# Mutants of one C file: synchronisation and order taken away, one place at a time.
#
#   awk -f mutants.awk FILE              lists them, a line each: number, line, operator, text (separated by tabs)
#   awk -v apply=N -f mutants.awk FILE   prints the file with mutant N applied
#
# Operators:
#   lock     a lock and its unlock in the same function are not taken
#   wait     a grace period, a barrier or a drain is left out
#   order    a release store or acquire load is a marked access only
#   recheck  a condition that is looked at right after a lock was taken, or that says that something changed, never holds
#   swap     two neighbouring stores change places

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

/^[a-z].*\)$/ { function_start = NR }
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
	if (!apply)
		printf "%d\t%d\t%s\t%s\n", number, at, operator, trimmed(text)
	return number == apply
}

# The statement without the call; what it would have set is set, so that the mutant compiles.
function dropped(text,    indent, flags) {
	indent = text
	sub(/[^\t].*/, "", indent)
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

function lock_mutant(at,    name, other, argument, i, last, found) {
	name = called(line[at])
	if (!(name in unlock_of))
		return
	other = unlock_of[name]
	argument = first_argument(line[at])
	last = end_of(at)
	for (i = at + 1; i < last; i++)
		if (called(line[i]) == other && first_argument(line[i]) == argument)
			found = 1
	if (!found || !emit(at, "lock", line[at]))
		return
	for (i = start_of[at]; i < last; i++)
		if ((called(line[i]) == name || called(line[i]) == other) && first_argument(line[i]) == argument)
			line[i] = dropped(line[i])
}

function wait_mutant(at,    name) {
	name = called(line[at])
	if (name !~ /^(synchronize_rcu|smp_mb|smp_wmb|smp_rmb|drain_all_pages|lru_add_drain_all|drain_local_pages|flush_work)$/)
		return
	if (emit(at, "wait", line[at]))
		line[at] = "\t;"
}

# smp_store_release(&x, v) -> WRITE_ONCE(x, v); smp_load_acquire(&x) -> READ_ONCE(x).
function unordered(text) {
	sub(/smp_store_release\(&/, "WRITE_ONCE(", text)
	sub(/smp_load_acquire\(&/, "READ_ONCE(", text)
	return text
}

function order_mutant(at) {
	if (line[at] !~ /smp_(store_release|load_acquire)\(&[^,()]+[,)]/)
		return
	if (!emit(at, "order", line[at]))
		return
	line[at] = unordered(line[at])
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
	if (line[at] ~ /[^_a-z]bug\(/ || (!after_lock(at) && line[at] !~ /(seqretry|signal_pending|kthread_should_stop|check_retry|is_migrate_isolate)/))
		return
	if (!emit(at, "recheck", line[at]))
		return
	brace = sub(/\) \{$/, ")", line[at])
	sub(/(if|while) \(/, "&0 \\&\\& (", line[at])
	line[at] = line[at] ")" (brace ? " {" : "")
}

function is_store(text) {
	return text ~ /^\t+(WRITE_ONCE|list_|set_bit|clear_bit|SetPage|ClearPage|atomic_|smp_store_release|__mod_|mod_)[A-Za-z_]*\(.*\);$/
}

function swap_mutant(at,    kept) {
	if (!is_store(line[at]) || !is_store(line[at + 1]))
		return
	if (emit(at, "swap", line[at] " <-> " trimmed(line[at + 1]))) {
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
	if (apply)
		for (at = 1; at <= NR; at++)
			print line[at]
}
