#!/bin/bash
# SPDX-License-Identifier: MIT
# The page of `report --html` as a browser shows it: it draws without a complaint, light and dark, everything is in it, and
# on a narrow screen nothing is wider than that. Skipped where there is no chromium.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"
[ "$PFNSTORM_PRESET" = release ] || exit 77
. "$PFNSTORM_SOURCE_DIR/cli/browser.sh"
command -v gnuplot >/dev/null || { echo "gnuplot is not installed: the page has no plots"; exit 77; }

mkdir -p d/crashes
run 0 "$pfnstorm" crashes import --store d/crashes "$known"
awk -v dir=d -v nights=16 -v record="$("$pfnstorm" crashes list --store d/crashes | sed -n '1s/ .*//p')" \
	-f "$PFNSTORM_SOURCE_DIR/jobs/nights.awk" </dev/null
run 0 "$pfnstorm" report --dir d --html page.html
browse --window-size=1280,1600 --screenshot=light.png "file://$scratch/page.html" >/dev/null
browse --window-size=480,1600 --blink-settings=preferredColorScheme=0 --screenshot=dark.png \
	"file://$scratch/page.html" >/dev/null

# The browser counts what is in the pictures, and measures the page in a frame as wide as a telephone.
cat >look.html <<PAGE
<!doctype html><meta charset="utf-8"><pre id="answer"></pre>
<img id="light" src="data:image/png;base64,$(base64 -w0 light.png)">
<img id="dark" src="data:image/png;base64,$(base64 -w0 dark.png)">
<iframe id="narrow" width="380" height="900" srcdoc="$(sed 's/&/\&amp;/g; s/"/\&quot;/g' page.html)"></iframe>
<script>
$(picture_script 500 4)
onload = () => {
	const page = document.getElementById('narrow').contentDocument;
	const plots = [...page.querySelectorAll('.panel svg')];
	const drawn = plots.filter(s => [...s.querySelectorAll('path')].some(e => e.getBBox().width > 100));
	const wide = [...page.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > 380 &&
		!e.closest('pre,.scroll,.command'));
	document.getElementById('answer').textContent = look('light') + look('dark') +
		'plots=' + plots.length + ' drawn=' + drawn.length + '\n' +
		'scroll=' + page.scrollingElement.scrollWidth + ' wide=' + wide.map(e => e.outerHTML.slice(0, 80)).join() + ';\n';
};
</script>
PAGE
browse --dump-dom "file://$scratch/look.html" >"$scratch/out"
has out "light 1280x1600 colours=many regions=several background=255,255,255"
has out "dark 480x1600 colours=many regions=several background=13,17,23"
has out "plots=17 drawn=17"
has out "scroll=380 wide=;"
exit $failed
