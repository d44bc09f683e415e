/* Table-driven tests of the endpoint formats: one znode in, one line out. */
#ifndef ZKNGINX_TESTS_ENDPOINT_CASES_H
#define ZKNGINX_TESTS_ENDPOINT_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/endpoint/endpoint.h"

struct endpoint_case {
	const char *name; /* of the znode, which is ephemeral unless "other" is expected */
	const char *data; /* with \\xHH for bytes that C strings cannot contain */
	/*
	 * "HOST port=… tls=… weight=… down backup NAME=HOST:PORT… LABEL:VALUE…", without what is
	 * missing; "other"; or "bad: …", a part of the reason.
	 */
	const char *expect;
};

static int hex_digit(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

static void put_bytes(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (s[0] == '\\' && s[1] == 'x') {
			buf_putc(out, (char)(hex_digit(s[2]) << 4 | hex_digit(s[3])));
			s += 3;
		} else {
			buf_putc(out, *s);
		}
	}
}

static void describe_params(const struct endpoint *e, struct buf *out)
{
	if (e->weight >= 0)
		buf_printf(out, " weight=%g", e->weight);
	if (e->down)
		buf_puts(out, " down");
	if (e->params.backup)
		buf_puts(out, " backup");
	if (e->params.max_fails != UNSET)
		buf_printf(out, " max_fails=%ld", e->params.max_fails);
	if (e->params.max_conns != UNSET)
		buf_printf(out, " max_conns=%ld", e->params.max_conns);
	if (e->params.fail_timeout)
		buf_printf(out, " fail_timeout=%s", e->params.fail_timeout);
}

static void describe(const struct endpoint *e, struct buf *out)
{
	buf_puts(out, e->host ? e->host : "-");
	if (e->port)
		buf_printf(out, " port=%ld", e->port);
	if (e->tls_port)
		buf_printf(out, " tls=%ld", e->tls_port);
	if (e->scheme)
		buf_printf(out, " scheme=%s", e->scheme);
	if (e->path)
		buf_printf(out, " path=%s", e->path);
	describe_params(e, out);
	for (size_t i = 0; i < e->named_count; i++)
		buf_printf(out, " %s=%s:%ld", e->named[i].name,
			   e->named[i].host ? e->named[i].host : "", e->named[i].port);
	for (size_t i = 0; i < e->label_count; i++)
		buf_printf(out, " %s:%s", e->labels[i].name, e->labels[i].value);
}

static void check_case(const struct endpoint_reading *r, const struct endpoint_case *c)
{
	CLEANUP(buf_fini) struct buf got = BUF_INIT;
	CLEANUP(buf_fini) struct buf path = BUF_INIT;
	CLEANUP(buf_fini) struct buf data = BUF_INIT;
	struct znode z = { .owner = strcmp(c->expect, "other") == 0 ? 0 : 7 };
	struct endpoint e;
	const char *why;

	buf_printf(&path, "/services/%s", c->name);
	put_bytes(&data, c->data);
	z.path = path.data;
	z.data = buf_str(&data);
	z.size = data.size;
	switch (endpoint_read(r, &z, &e, &why)) {
	case ENDPOINT_READ:
		describe(&e, &got);
		break;
	case ENDPOINT_OTHER:
		buf_puts(&got, "other");
		break;
	case ENDPOINT_BAD:
		if (strncmp(c->expect, "bad: ", 5) == 0 && strstr(why, c->expect + 5))
			return;
		buf_printf(&got, "bad: %s", why);
		break;
	}
	if (strcmp(buf_str(&got), c->expect) != 0)
		fail_msg("%s %s:\n got      %s\n expected %s", c->name, c->data, buf_str(&got),
			 c->expect);
}

/* `discover` may be NULL; the context is below "/services" too. */
static void check_cases_with(const char *format, const struct discover *discover,
			     const struct znode *context, size_t context_count,
			     const struct endpoint_case *cases, size_t count)
{
	static const struct discover none;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct endpoint_reading r;

	endpoint_begin(&r, a, endpoint_format_find(format), discover ? discover : &none, context,
		       context_count);
	for (size_t i = 0; i < count; i++)
		check_case(&r, &cases[i]);
}

#define CHECK_CASES(format, cases) check_cases_with(format, NULL, NULL, 0, cases, ARRAY_SIZE(cases))

#endif
