# SPDX-License-Identifier: MIT
# Nights for tests, as `pfnstorm nightly` leaves them: awk -v dir=D -v nights=N -f nights.awk </dev/null. Always the
# same: the last one has everything that a page shows. With -v evil=1 texts are what nobody should write.
function random(    high)
{
	seed = (seed * 1103515245 + 12345) % 2147483648
	return seed / 2147483648
}

function time(seconds)
{
	return strftime("%Y-%m-%dT%H:%M:%SZ", seconds, 1)
}

function unit(name, kind, outcome, rest, message,    file)
{
	file = folder "/units/" name ".json"
	printf "{\"schema\":1,\"unit\":\"%s\",\"kind\":\"%s\",\"shard\":0,\"attempt\":1,\"started\":\"%s\"," \
		"\"command\":[\"pfnstorm\",\"%s\",\"%s\"],\"seed\":\"0x5eed\",\"exit\":%d,\"signal\":0," \
		"\"outcome\":\"%s\",%s,\"log\":\"units/%s.log\",\"message\":\"%s\"}\n", name, kind, time(begun), kind, name,
		outcome == "found", outcome, rest, name, message >file
	close(file)
}

# An exponential waiting time.
function waits(mean)
{
	return int(-mean * log(1 - random())) + 1
}

function campaign(name, edges, rate, outcome, crashes, message,    grown)
{
	grown = 1 - exp(-(night + 2) / 6)
	rate = rate * (0.96 + 0.08 * random())
	if (name == "fuzz-pcp" && night == nights - 1)
		rate *= 0.6
	unit(name, "fuzz", outcome, sprintf("\"seconds\":600.2,\"cpu_s\":1180.5,\"budget_s\":600,\"executions\":%d," \
		"\"rate_s\":%.1f,\"edges\":%d,\"interleavings\":%d,\"corpus\":%d,%s\"crashes\":[%s]", rate * 600, rate,
		edges * grown, edges * 3 * grown * (0.98 + 0.04 * random()), edges / 9 * grown,
		outcome == "held" ? sprintf("\"upper_bound\":%.3g,", 3 / (rate * 600)) : "", crashes), message)
}

function canary(name, mean,    n)
{
	n = waits(mean)
	if (name == "canary-leak" && night == nights - 4)
		unit(name, "canary", "silent", sprintf("\"seconds\":60.0,\"cpu_s\":60,\"budget_s\":60,\"executions\":90000," \
			"\"rate_s\":1500"), "lru_disable_leak did not fire in 90000 executions")
	else
		unit(name, "canary", "held", sprintf("\"seconds\":%.2f,\"cpu_s\":%.2f,\"budget_s\":60,\"executions\":%d," \
			"\"rate_s\":1500,\"found_after\":%d", n / 1500, n / 1500, n, n), "")
}

function crash(record, signature, news)
{
	return sprintf("{\"record\":\"%s\",\"signature\":\"%s\",\"news\":\"%s\"}", record, signature, news)
}

function one_night(    id, last, outcome, found)
{
	last = night == nights - 1
	begun = 1795914123 + night * 86400 + (night > 5) * 86400
	id = strftime("%Y%m%dT%H%M%SZ", begun, 1) "-5eed"
	folder = dir "/nights/" id
	system("mkdir -p " folder "/units")
	outcome = last ? "regression" : night == nights - 4 ? "canary" : night == 3 ? "found" : night == 8 ? \
		"interrupted" : "green"
	printf "{\"schema\":1,\"night\":\"%s\",\"job\":\"%s\",\"revision\":\"v0.1.0-%d-g%07x\",\"seed\":\"0x5eed\"," \
		"\"shards\":1,\"host\":\"storm-1\",\"started\":\"%s\",\"ended\":\"%s\",\"budget_s\":7200," \
		"\"outcome\":\"%s\",\"exit\":%d}\n", id, job, 40 + night * 3, random() * 268435455, time(begun),
		time(begun + 6231), outcome, outcome == "green" ? 0 : outcome == "canary" ? 5 : last ? 6 : 1 \
		>(folder "/night.json")
	close(folder "/night.json")
	found = crash(record, signature, last ? "regressed" : "known")
	campaign("fuzz-race", 4200, 2900, last ? "found" : "held", last ? found "," crash("", evil ? script : \
		"race zone.nr_isolate_pageblock {isolation.counted, pageblock.type_set}", "new") : "",
		last ? "2 bugs, one of them new" : "")
	campaign("fuzz-pcp", 1800, 4100, "held", "", "")
	campaign("fuzz-isolation", 2600, 3300, night % 3 ? "held" : "found", night % 3 ? "" : \
		crash("0badcafe", "law isolated_page_allocated", "known"), "")
	canary("canary-oops", 40)
	canary("canary-race", 300)
	canary("canary-leak", 5000)
	canary("canary-deadlock", 1200)
	unit("hunt", "hunt", "held", sprintf("\"seconds\":300.5,\"cpu_s\":290,\"budget_s\":300,\"executions\":%d," \
		"\"rate_s\":1450,\"found_after\":%d", 435000, waits(20000)), "")
	unit("explore-contig", "explore", "held", "\"seconds\":121.4,\"cpu_s\":240,\"budget_s\":120," \
		"\"executions\":49623,\"rate_s\":408.7,\"interleavings\":49623", "bound 2: all schedules held")
	unit("stress-mix", "stress", last ? "timeout" : "held", "\"seconds\":330,\"cpu_s\":2400,\"budget_s\":300," \
		"\"executions\":8123456,\"rate_s\":27078,\"ops\":{" \
		operation("offline", 90122, 0.83, "EBUSY", 12.5) "," operation("online", 74921, 0.99, "ENOMEM", 40.1) "," \
		operation("compact", 40210, 1, "EAGAIN", 88) "," operation("alloc", 7612345, 0.97, "ENOMEM", 0.9) "}",
		last ? "no progress in the calm after 30 s" : "")
	unit("verify", "verify", "held", "\"seconds\":12.3,\"cpu_s\":12,\"budget_s\":60,\"crashes\":[" \
		(last ? crash("00c0ffee", "deadlock {mem_hotplug_lock, device_lock}", "fixed") : "") "]", "14 of 14 as they were")
}

function operation(name, attempts, good, errno, p50)
{
	p50 *= 0.95 + 0.1 * random()
	if (name == "compact" && night == nights - 1)
		p50 *= 3
	return sprintf("\"%s\":{\"attempts\":%d,\"ok\":%d,\"errno\":{%s},\"p50_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.1f}",
		name, attempts, attempts * good, good < 1 ? sprintf("\"%s\":%d", errno, attempts - int(attempts * good)) : "",
		p50, p50 * 14, p50 * 210)
}

BEGIN {
	seed = 42
	job = "small"
	if (record == "")
		record = "735cfdea"
	if (signature == "")
		signature = "oops use-after-free memmap {compaction.freepage_checked, sparse.mem_map_cleared}"
	script = "<script>alert(1)</script> \\u0007\\u001b[31m \\ud800 ]]> \\\" &amp; {a.b, c.d}"
	if (evil)
		job = "<img src=x onerror=alert(2)>"
	for (night = 0; night < nights; night++)
		one_night()
}
