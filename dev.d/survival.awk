# SPDX-License-Identifier: MIT
# Searches (race, strategy, schedules, found) to a table of medians, or with picture=1 to survival curves as SVG.
#
# Input is sorted: by race, strategy and schedules for the table, by strategy and schedules for the picture. A search
# that gave up counts as one that never finds, so that curves and medians are too high rather than too low: races that
# are hard are also those that searches give up on, and no estimate of what was not seen would be fair to them. Where
# less than half have found, the median is more than the fewest schedules after which one gave up.

BEGIN {
	FS = "\t"
	nr_strategies = split(strategies, order, " ")
	split("#1b6ca8 #c0392b #2e8b57 #8e44ad #d68910 #555555", colour, " ")
}

{
	key = picture ? $2 : $1 SUBSEP $2
	if (!picture && !($1 in seen)) {
		seen[$1] = 1
		races[++nr_races] = $1
	}
	n[key]++
	schedules[key, n[key]] = $3
	found[key, n[key]] = $4
	hits[key] += $4
	if (!$4 && (!(key in gave_up) || $3 < gave_up[key]))
		gave_up[key] = $3
	if ($3 > longest)
		longest = $3
}

# The share not found yet after the i-th search of those of key, to alive[i].
function survive(key, i) {
	alive[0] = 1
	for (i = 1; i <= n[key]; i++)
		alive[i] = alive[i - 1] - found[key, i] / n[key]
}

function median(key, i) {
	survive(key)
	for (i = 1; i <= n[key]; i++)
		if (alive[i] < 0.5 + 1e-9)
			return schedules[key, i]
	return "> " gave_up[key]
}

function cell(key) {
	if (!n[key])
		return "-"
	return median(key) (hits[key] == n[key] ? "" : sprintf(" (%d of %d)", hits[key], n[key]))
}

function table(i, j) {
	printf "| race |"
	for (i = 1; i <= nr_strategies; i++)
		printf " %s |", order[i]
	printf "\n|---|"
	for (i = 1; i <= nr_strategies; i++)
		printf "---|"
	print ""
	for (j = 1; j <= nr_races; j++) {
		printf "| `%s` |", races[j]
		for (i = 1; i <= nr_strategies; i++)
			printf " %s |", cell(races[j] SUBSEP order[i])
		print ""
	}
}

# ---- the picture --------------------------------------------------------------------------------------------------

function x_of(value) {
	return 70 + 560 * log(value < 1 ? 1 : value) / log(longest > 1 ? longest : 10)
}

function y_of(share) {
	return 340 - 300 * share
}

function text(x, y, anchor, what) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, what
}

function axes(i, decade) {
	for (i = 0; i <= 4; i++) {
		printf "<path d=\"M70 %.1fH630\" class=\"grid\"/>\n", y_of(i / 4)
		text(62, y_of(i / 4) + 4, "end", 25 * i " %")
	}
	for (decade = 1; decade <= longest; decade *= 10) {
		printf "<path d=\"M%.1f 40V340\" class=\"grid\"/>\n", x_of(decade)
		text(x_of(decade), 358, "middle", decade)
	}
	text(350, 382, "middle", "schedules")
	text(70, 26, "start", "searches that have not found their race yet")
}

function curve(key, stroke, i) {
	survive(key)
	printf "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" d=\"M%.1f %.1f", stroke, x_of(1), y_of(1)
	for (i = 1; i <= n[key]; i++)
		printf "H%.1fV%.1f", x_of(schedules[key, i]), y_of(alive[i])
	print "\"/>"
}

function draw(i, drawn) {
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 780 400\" font-family=\"sans-serif\" font-size=\"13\">"
	print "<style>.grid { stroke: #ddd; fill: none }</style>"
	print "<rect width=\"780\" height=\"400\" fill=\"#fff\"/>"
	axes()
	for (i = 1; i <= nr_strategies; i++) {
		if (!n[order[i]])
			continue
		curve(order[i], colour[i])
		printf "<path d=\"M645 %dH670\" stroke=\"%s\" stroke-width=\"2\"/>\n", 56 + 22 * drawn, colour[i]
		text(676, 60 + 22 * drawn++, "start", order[i])
	}
	print "</svg>"
}

END {
	if (picture)
		draw()
	else
		table()
}
