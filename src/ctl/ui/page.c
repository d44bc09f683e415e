/* The hashes are computed when the program starts: so they cannot be those of another page. */
#include <string.h>

#include <zknginx/digest.h>
#include <zknginx/err.h>

#include "core/text/base64.h"
#include "page.h"

/* " 'sha256-…'" of what is between these two tags. */
static void put_hash(struct buf *out, const char *open, const char *close)
{
	const char *page = (const char *)page_html;
	const char *begin = memmem(page, page_html_size, open, strlen(open)), *end;
	struct digest d;

	if (!begin)
		die("the page has no %s", open);
	begin += strlen(open);
	end = memmem(begin, page_html_size - (size_t)(begin - page), close, strlen(close));
	if (!end)
		die("the page has no %s", close);
	d = digest_of(begin, (size_t)(end - begin));
	buf_puts(out, " 'sha256-");
	base64_print(d.bytes, sizeof(d.bytes), out);
	buf_puts(out, "'");
}

void page_policy(struct buf *out)
{
	buf_puts(out, "default-src 'none'; script-src");
	put_hash(out, "<script>", "</script>");
	buf_puts(out, "; style-src");
	put_hash(out, "<style>", "</style>");
	buf_puts(out, "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
		      "frame-ancestors 'none'; require-trusted-types-for 'script'; "
		      "trusted-types 'none'");
}
