#!/bin/bash
# SPDX-License-Identifier: MIT
# The page of `explain --html` as a browser shows it: every lane and the verdict are in it, it draws without a complaint, in
# light and dark. Skipped where there is no chromium: it is 0.3 GB, and what the page says is tested without it.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh" || exit 1
# The page is the same in every build.
[ "$PFNSTORM_PRESET" = release ] || exit 77
if ! browser=$(command -v chromium || command -v chromium-headless-shell); then
	echo "chromium is not installed: nobody looks at the page"
	exit 77
fi
browse() {
	timeout 100 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$scratch/profile" \
		--enable-logging=stderr --virtual-time-budget=20000 "$@" 2>"$scratch/err"
	if grep -q CONSOLE "$scratch/err"; then
		grep CONSOLE "$scratch/err"
		failed=1
	fi
}

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
function look(id) {
	const image = document.getElementById(id), canvas = document.createElement('canvas');
	canvas.width = image.naturalWidth;
	canvas.height = image.naturalHeight;
	const context = canvas.getContext('2d');
	context.drawImage(image, 0, 0);
	const p = context.getImageData(0, 0, canvas.width, canvas.height).data, colours = new Map();
	for (let i = 0; i < p.length; i += 4) {
		const colour = p[i] << 16 | p[i + 1] << 8 | p[i + 2];
		colours.set(colour, (colours.get(colour) || 0) + 1);
	}
	const regions = [...colours.values()].filter(n => n > p.length / 4 / 200).length;
	return id + ' ' + canvas.width + 'x' + canvas.height + ' colours=' + (colours.size > 50 ? 'many' : colours.size) +
		' regions=' + (regions >= 3 ? 'several' : regions) + ' background=' + p.slice(0, 3).join(',') + '\n';
}
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
