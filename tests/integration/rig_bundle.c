/* Bundles written by hand: the origin of each line is /nginx/config/snippets/CONTEXT/test. */
#include <stdio.h>
#include <string.h>

#include "rig_bundle.h"

static void put_lines(struct bundle_builder *b, enum bundle_file f, const char *text,
		      const char *znode)
{
	bundle_builder_origin(b, f, znode);
	while (*text) {
		size_t size = strcspn(text, "\n");

		bundle_builder_line(b, f, text, size);
		text += size + (text[size] ? 1 : 0);
	}
}

struct bundle *rig_bundle(const char *http, const char *stream)
{
	struct bundle_builder b;
	struct bundle *done;

	bundle_builder_init(&b);
	put_lines(&b, BUNDLE_HTTP, http, "/nginx/config/snippets/http/test");
	put_lines(&b, BUNDLE_STREAM, stream, "/nginx/config/snippets/stream/test");
	done = bundle_builder_finish(&b);
	bundle_builder_fini(&b);
	return done;
}

struct bundle *rig_bundle_saying(int port, const char *text)
{
	char http[512];

	snprintf(http, sizeof(http),
		 "server {\n\tlisten 127.0.0.1:%d;\n\tlocation / {\n\t\treturn 200 \"%s\";\n\t}\n}",
		 port, text);
	return rig_bundle(http, "");
}
