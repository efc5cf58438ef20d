#!/bin/bash
# SPDX-License-Identifier: MIT
# The page of `explain --html` as a browser shows it: every lane and the verdict are in it, it draws without a complaint, in
# light and dark. Skipped where there is no chromium: it is 0.3 GB, and what the page says is tested without it.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh" || exit 1
# The page is the same in every build.
[ "$PFNSTORM_PRESET" = release ] || exit 77
. "$PFNSTORM_SOURCE_DIR/cli/browser.sh"

run 0 "$pfnstorm" explain --html "$known"
cp "$scratch/out" page.html
browse --window-size=1280,900 --screenshot="$scratch/light.png" "file://$scratch/page.html" >/dev/null
browse --window-size=480,900 --blink-settings=preferredColorScheme=0 --screenshot="$scratch/dark.png" \
	"file://$scratch/page.html" >/dev/null

# The browser itself counts what is in the pictures, and measures whether texts stay inside of their lanes.
cat >look.html <<PAGE
<!doctype html><meta charset="utf-8"><pre id="answer"></pre>
<div>$(sed -n '/<style>/,/<\/style>/p;/<svg/,/<\/svg>/p' page.html)</div>
<img id="light" src="data:image/png;base64,$(base64 -w0 light.png)">
<img id="dark" src="data:image/png;base64,$(base64 -w0 dark.png)">
<script>
$(picture_script 200 3)
onload = () => {
	const lanes = [...document.querySelectorAll('svg>rect')].filter(r => r.getAttribute('y') === '0');
	const texts = [...document.querySelectorAll('svg>text:not([text-anchor])')];
	const outside = texts.filter(t => !lanes.some(l => t.getBBox().x >= l.getBBox().x &&
		t.getBBox().x + t.getBBox().width <= l.getBBox().x + l.getBBox().width));
	document.getElementById('answer').textContent = look('light') + look('dark') + 'lanes=' + lanes.length +
		' outside=' + outside.length + ' ' + outside.map(t => t.textContent).join(';') + '\n';
};
</script>
PAGE
browse --dump-dom "file://$scratch/look.html" >"$scratch/out"
has out "light 1280x900 colours=many regions=several background=255,255,255"
has out "dark 480x900 colours=many regions=several background=13,17,23"
has out "lanes=2 outside=0"
browse --dump-dom "file://$scratch/page.html" >"$scratch/out"
has out ">walker</text>"
has out ">remover</text>"
has out "<b>oops</b> oops use-after-free memmap {compaction.freepage_checked, sparse.mem_map_cleared}"
has out ">offline block=4</text>"
has out "*** oops ***"
exit $failed
