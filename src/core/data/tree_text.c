/*
 * The text form of a tree (tree.h). A person can edit it, a diff can show it, and all bytes are
 * preserved.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/tree.h>

static bool is_plain(unsigned char c, bool path)
{
	return c != '\\' && c != 0x7f && (c >= 0x20 || c == '\t') &&
	       !(path && (c == ' ' || c == '\t'));
}

static void put_escaped(struct buf *out, const char *s, size_t size, bool path)
{
	const char *end = s + size;

	while (s < end) {
		const char *from = s;

		while (s < end && is_plain((unsigned char)*s, path))
			s++;
		buf_put(out, from, (size_t)(s - from));
		if (s == end)
			break;
		if (*s == '\\')
			buf_puts(out, "\\\\");
		else
			buf_printf(out, "\\x%02x", (unsigned char)*s);
		s++;
	}
}

/* No printf: there may be 100,000 znodes. */
static void put_hex(struct buf *out, const char *name, int64_t value)
{
	uint64_t rest = (uint64_t)value;
	char digits[16];
	size_t at = sizeof(digits);

	if (!value)
		return;
	for (; rest; rest >>= 4)
		digits[--at] = "0123456789abcdef"[rest & 15];
	buf_puts(out, name);
	buf_put(out, digits + at, sizeof(digits) - at);
}

/* Every line of data ends in a line feed except a last one, which is marked. */
static void put_data(struct buf *out, const char *data, size_t size)
{
	while (size) {
		const char *feed = memchr(data, '\n', size);
		size_t line = feed ? (size_t)(feed - data) : size;

		buf_putc(out, '\t');
		put_escaped(out, data, line, false);
		buf_puts(out, feed ? "\n" : "\\\n");
		size -= line + (feed ? 1 : 0);
		data += line + (feed ? 1 : 0);
	}
}

void znode_print(const struct znode *z, struct buf *out)
{
	put_escaped(out, z->path, strlen(z->path), true);
	if (z->version)
		buf_printf(out, " version=%" PRId32, z->version);
	put_hex(out, " mzxid=0x", z->mzxid);
	put_hex(out, " czxid=0x", z->czxid);
	put_hex(out, " owner=0x", z->owner);
	buf_putc(out, '\n');
	put_data(out, z->data, z->size);
}

void tree_print(const struct tree *t, struct buf *out)
{
	for (size_t i = 0; i < tree_count(t); i++)
		znode_print(tree_at(t, i), out);
}

#define PART ((size_t)64 << 10)

int tree_print_parts(const struct tree *t, tree_put *put, void *ctx, struct err *e)
{
	CLEANUP(buf_fini) struct buf part = BUF_INIT;

	for (size_t i = 0; i < tree_count(t); i++) {
		znode_print(tree_at(t, i), &part);
		if (part.size < PART)
			continue;
		if (put(ctx, part.data, part.size, e) < 0)
			return -1;
		buf_clear(&part);
	}
	return part.size ? put(ctx, part.data, part.size, e) : 0;
}

struct parser {
	const char *name;
	unsigned line;
	struct tree_builder builder;
	struct znode znode; /* the one whose data is being read */
	struct buf path, data;
	bool open;
	struct err *err;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int fail(struct parser *p, const char *what)
{
	return err_set(p->err, ERR_INPUT, "%s:%u: %s", p->name, p->line, what);
}

/* Unescapes [s, end); *joined: the text ended in a lone backslash. */
static int put_unescaped(struct parser *p, struct buf *out, const char *s, const char *end,
			 bool *joined)
{
	*joined = false;
	for (; s < end; s++) {
		if (*s != '\\') {
			buf_putc(out, *s);
		} else if (s + 1 == end) {
			*joined = true;
		} else if (s[1] == '\\') {
			buf_putc(out, '\\');
			s++;
		} else if (s[1] == 'x' && end - s > 3 && hex_digit(s[2]) >= 0 &&
			   hex_digit(s[3]) >= 0) {
			buf_putc(out, (char)(hex_digit(s[2]) * 16 + hex_digit(s[3])));
			s += 3;
		} else {
			return fail(p, "a backslash must begin \\\\ or \\xHH, or end the line");
		}
	}
	return 0;
}

static void close_znode(struct parser *p)
{
	if (!p->open)
		return;
	p->znode.path = buf_str(&p->path);
	p->znode.data = buf_str(&p->data);
	p->znode.size = p->data.size;
	tree_builder_add(&p->builder, &p->znode);
	p->open = false;
}

static int set_attribute(struct parser *p, const char *s, size_t size)
{
	static const char *const names[] = { "version=", "mzxid=", "czxid=", "owner=" };
	char text[64], *end;
	long long value;

	if (size >= sizeof(text))
		return fail(p, "attribute too long");
	memcpy(text, s, size);
	text[size] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t prefix = strlen(names[i]);

		if (strncmp(text, names[i], prefix) != 0)
			continue;
		value = (long long)strtoull(text + prefix, &end, 0);
		if (*end || end == text + prefix)
			return fail(p, "an attribute's value must be a number");
		if (i == 0)
			p->znode.version = (int32_t)value;
		else
			*(int64_t *[]){ NULL, &p->znode.mzxid, &p->znode.czxid,
					&p->znode.owner }[i] = value;
		return 0;
	}
	return fail(p, "expected version=, mzxid=, czxid= or owner= after the path");
}

static int open_znode(struct parser *p, const char *s, const char *end)
{
	const char *blank = memchr(s, ' ', (size_t)(end - s));
	bool joined;

	close_znode(p);
	p->znode = (struct znode){ 0 };
	buf_clear(&p->path);
	buf_clear(&p->data);
	if (put_unescaped(p, &p->path, s, blank ? blank : end, &joined) < 0)
		return -1;
	if (buf_str(&p->path)[0] != '/' || joined || strlen(buf_str(&p->path)) != p->path.size)
		return fail(p, "a znode's line must begin with its absolute path");
	p->open = true;
	for (s = blank; s && s < end; s = blank) {
		while (s < end && *s == ' ')
			s++;
		blank = memchr(s, ' ', (size_t)(end - s));
		if (s < end && set_attribute(p, s, (size_t)((blank ? blank : end) - s)) < 0)
			return -1;
	}
	return 0;
}

static int add_data(struct parser *p, const char *s, const char *end)
{
	bool joined;

	if (!p->open)
		return fail(p, "expected the path of a znode before data");
	if (put_unescaped(p, &p->data, s, end, &joined) < 0)
		return -1;
	if (!joined)
		buf_putc(&p->data, '\n');
	return 0;
}

static int parse_line(struct parser *p, const char *s, const char *end)
{
	if (s == end || *s == '#')
		return 0;
	return *s == '\t' ? add_data(p, s + 1, end) : open_znode(p, s, end);
}

static int parse(struct parser *p, const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const char *feed = memchr(text, '\n', (size_t)(end - text));

		p->line++;
		if (parse_line(p, text, feed ? feed : end) < 0)
			return -1;
		text = feed ? feed + 1 : end;
	}
	close_znode(p);
	return 0;
}

int tree_parse(const char *text, size_t size, const char *name, struct tree **tree, struct err *e)
{
	struct parser p = { .name = name, .err = e };
	int rc;

	tree_builder_init(&p.builder);
	rc = parse(&p, text, size);
	if (rc == 0)
		*tree = tree_builder_finish(&p.builder);
	tree_builder_fini(&p.builder);
	buf_fini(&p.path);
	buf_fini(&p.data);
	return rc;
}
