/*
 * nginx names lines of files that an operator never wrote, and may not even see: what it refused is
 * taken away again. Where such a line was copied from a znode, the line of the znode is added.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/bundle.h>
#include <zknginx/err.h>

/* " in LIVE/http.conf:12" at `at`: the line of the znode's data that it means; 0: none of ours. */
static unsigned data_line(const struct bundle *b, const char *live, const char *at)
{
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		CLEANUP(freep)
		char *mark = xasprintf(" in %s/%s:", live, bundle_file_name((enum bundle_file)f));
		size_t size = strlen(mark);

		if (strncmp(at, mark, size) == 0)
			return bundle_data_line(b, (enum bundle_file)f,
						(unsigned)strtoul(at + size, NULL, 10));
	}
	return 0;
}

void bundle_explain(const struct bundle *b, const char *live, const char *text, struct buf *out)
{
	const char *at;

	while ((at = strstr(text, " in /"))) {
		unsigned line = data_line(b, live, at);

		buf_put(out, text, (size_t)(at - text));
		if (line)
			buf_printf(out, " (line %u of the znode)", line);
		buf_puts(out, " in /");
		text = at + strlen(" in /");
	}
	buf_puts(out, text);
}
