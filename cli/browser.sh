# SPDX-License-Identifier: MIT
# For tests that look at a page as a browser shows it: sourced after cli/testing.sh. Skips where there is no browser.

if ! browser=$(command -v chromium || command -v chromium-headless-shell); then
	echo "chromium is not installed: nobody looks at the page"
	exit 77
fi

# browse OPTION... URL: without a window. What the page complains of is a failure.
browse() {
	timeout 100 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$scratch/profile" \
		--enable-logging=stderr --virtual-time-budget=20000 "$@" 2>"$scratch/err"
	if grep -q CONSOLE "$scratch/err"; then
		grep CONSOLE "$scratch/err"
		failed=1
	fi
}

# picture_script SHARE NUMBER: the browser itself counts what is in a picture. look(ID) says how large it is, how many
# colours it has, what its corner is, and whether NUMBER of them fill a SHAREth of it each.
picture_script() {
	cat <<SCRIPT
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
	const regions = [...colours.values()].filter(n => n > p.length / 4 / $1).length;
	return id + ' ' + canvas.width + 'x' + canvas.height + ' colours=' + (colours.size > 50 ? 'many' : colours.size) +
		' regions=' + (regions >= $2 ? 'several' : regions) + ' background=' + p.slice(0, 3).join(',') + '\n';
}
SCRIPT
}
