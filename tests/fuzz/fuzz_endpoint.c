/*
 * libFuzzer: one registration → every format. The first byte selects the format, the second is the
 * length of the znode's name; then the name follows, and the rest is the data, which is also the
 * context. The result is a host and ports that nginx accepts, of each registration in the znode.
 * Then the format is recognised from the same znode.
 */
#include <string.h>

#include "core/endpoint/endpoint.h"
#include "core/text/emit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct endpoint_format *choose_format(uint8_t byte)
{
	size_t count = 0;

	while (endpoint_format_at(count))
		count++;
	return endpoint_format_at(byte % count);
}

static void require(bool holds, const char *what)
{
	if (!holds)
		die("does not hold: %s", what);
}

static bool is_port(long port)
{
	return port >= 0 && port <= 65535;
}

static void check_host(const char *host)
{
	require(emit_text_is_valid(host, false, NULL), "a host is what the emitter takes");
	require(*host && strlen(host) <= 254, "a host has a length");
	require(!strpbrk(host, " $/%@") && strcmp(host, "unix") != 0, "a host is a host");
}

static void check_endpoint(const struct endpoint *e)
{
	if (e->host)
		check_host(e->host);
	require(is_port(e->port) && is_port(e->tls_port), "ports are ports");
	require(e->label_count <= ENDPOINT_LABELS_MAX, "labels are bounded");
	require(!e->params.fail_timeout || emit_seconds_is_valid(e->params.fail_timeout),
		"times are times");
	for (size_t i = 0; i < e->named_count; i++) {
		if (e->named[i].host)
			check_host(e->named[i].host);
		require(is_port(e->named[i].port), "ports are ports");
	}
}

static void read_all(const struct endpoint_reading *r, const struct znode *z)
{
	struct endpoint_parts parts;
	struct endpoint e;
	const char *why;

	endpoint_split(r, z, &parts);
	require(parts.count >= 1 && parts.count <= ENDPOINT_PARTS_MAX, "parts are bounded");
	for (size_t i = 0; i < parts.count; i++) {
		if (endpoint_read(r, &parts.items[i], &e, &why) == ENDPOINT_READ)
			check_endpoint(&e);
		else
			require(why && *why, "a registration that is left out has a reason");
	}
}

static void recognise(const struct znode *z)
{
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	struct tree_builder b;

	tree_builder_init(&b);
	tree_builder_add(&b, z);
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	endpoint_sniff(t, "/s");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct discover discovers[] = {
		{ .key = "" },
		{ .key = "",
		  .keys = { .url = "url", .weight = "w.0", .up = "u", .labels = "l" },
		  .tls = TLS_ONLY,
		  .protocol = PROTOCOL_STREAM },
	};
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct endpoint_reading r;
	struct znode z = { .owner = 1 };
	size_t name;

	if (size < 2)
		return 0;
	name = bytes[1] < size - 2 ? bytes[1] : size - 2;
	z.path = arena_printf(a, "/s/%s", arena_copy(a, bytes + 2, name));
	z.size = size - 2 - name;
	z.data = arena_copy(a, bytes + 2 + name, z.size);
	endpoint_begin(&r, a, choose_format(bytes[0]), &discovers[bytes[0] >> 7], &z, 1);
	read_all(&r, &z);
	recognise(&z);
	return 0;
}
