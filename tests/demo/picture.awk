# What the demo prints ▶ a terminal as SVG. Left out: how ZooKeeper and nginx are started, and what
# follows the first refusal until the last status.

BEGIN {
	columns = 98
	height = 18
	width = 7.83 # of a column, in the font size below
	left = 20
	top = 62
	escape = sprintf("%c", 27)
}

function is_heading(line) { return index(line, escape "[1m") == 1 }

# Heading, command or output; the class gives it its colour.
function class_of(line) {
	if (line ~ /^  \$ /)
		return "command"
	if (line ~ /^    \+[^+]/)
		return "new"
	if (line ~ /^    .*(error:|refuse)/)
		return "bad"
	if (line ~ /^    (Healthy|Fleet .*: healthy|demo: applied|revision .* has landed|blue$|green$)/)
		return "good"
	return "output"
}

function quoted(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	gsub(/>/, "\\&gt;", s)
	return s
}

function put_row(class, s) {
	if (s != "")
		rows = rows sprintf("<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>\n", class, left,
				    top + count * height, quoted(s))
	count++
}

# A long line goes on in the next row, as in a terminal, but between two words.
function put_line(class, s,   cut) {
	while (length(s) > columns) {
		cut = columns
		while (cut > 40 && substr(s, cut, 1) != " ")
			cut--
		put_row(class, substr(s, 1, cut))
		s = "      " substr(s, cut + 1)
	}
	put_row(class, s)
}

/^$/ { next }

is_heading($0) {
	gsub(escape "\\[[01]m", "")
	wanted = /^[4567]\./ || (wanted && /^   (before|after):/)
	if (/^[4567]\./) {
		if (count)
			put_row("output", "")
		put_line("heading", "# " substr($0, 4))
	}
	next
}

# Blank rows of an output would only make the picture longer.
wanted && !/^ *$/ { put_line(class_of($0), substr($0, 3)) }

END {
	w = int(2 * left + columns * width)
	h = top + count * height + 2
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" ", w, h
	printf "viewBox=\"0 0 %d %d\" role=\"img\">\n", w, h
	print "<!-- Made by `make demo-picture`. SHA-256 of tests/demo/demo.sh: " digest " -->"
	print "<title>make demo</title>"
	print "<style>"
	print "text { font: 13px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace;"
	print "       white-space: pre; fill: #c9d1d9 }"
	print ".heading { fill: #8b949e; font-style: italic } .command { fill: #f0f6fc; font-weight: 600 }"
	print ".new { fill: #7ee787 } .good { fill: #56d364 } .bad { fill: #ff9b8e }"
	print ".name { fill: #8b949e; text-anchor: middle }"
	print "</style>"
	printf "<rect x=\".5\" y=\".5\" width=\"%d\" height=\"%d\" rx=\"9\" ", w - 1, h - 1
	print "fill=\"#0d1117\" stroke=\"#444c56\"/>"
	printf "<g fill=\"#ff6159\"><circle cx=\"22\" cy=\"20\" r=\"6\"/>"
	printf "<circle cx=\"42\" cy=\"20\" r=\"6\" fill=\"#ffbd2e\"/>"
	print "<circle cx=\"62\" cy=\"20\" r=\"6\" fill=\"#28c941\"/></g>"
	printf "<text class=\"name\" x=\"%d\" y=\"25\">make demo</text>\n", w / 2
	printf "%s</svg>\n", rows
}
