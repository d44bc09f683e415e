/*
 * The manifest's text. `sources` names objects (upstreams, sites, snippets), not their
 * parts: an upstream of 100,000 servers is one entry.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/data/layout.h"
#include "manifest.h"

#define FORMAT 1

struct manifest manifest_of(const struct bundle *b, unsigned long generation, const char *revision)
{
	struct manifest m = { .generation = generation, .digest = *bundle_digest(b) };

	snprintf(m.revision, sizeof(m.revision), "%s", revision);
	return m;
}

void manifest_add_digests(struct manifest *m, const struct bundle *b)
{
	for (int f = 0; f < BUNDLE_FILE_N; f++)
		m->files[f] = digest_of(bundle_text(b, (enum bundle_file)f)->data,
					bundle_text(b, (enum bundle_file)f)->size);
}

/* An older zknginxd made the digest of the files' digests. */
static bool is_of_older_version(const struct manifest *m)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();
	struct digest of_files;

	for (int f = 0; f < BUNDLE_FILE_N; f++)
		digester_add(d, m->files[f].bytes, DIGEST_SIZE);
	of_files = digester_finish(d);
	return digest_equal(&of_files, &m->digest);
}

bool manifest_is_of(const struct manifest *m, const struct bundle *b)
{
	struct manifest of = manifest_of(b, 0, "");

	if (digest_equal(&m->digest, &of.digest))
		return true;
	if (!is_of_older_version(m))
		return false;
	manifest_add_digests(&of, b);
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		if (!digest_equal(&m->files[f], &of.files[f]))
			return false;
	}
	return true;
}

static json_t *sources(const struct bundle_text *t)
{
	const char *last = NULL;
	json_t *list = json_array();

	for (size_t i = 0; i < t->origin_count; i++) {
		const char *znode = t->origins[i].znode;

		if (!znode || *znode != '/' ||
		    (last && (strcmp(znode, last) == 0 ||
			      config_kind_at_end(znode, NULL) == CONFIG_KIND_N)))
			continue;
		last = znode;
		json_array_append_new(list, json_pack("{s:i, s:s?}", "line",
						      (int)t->origins[i].line, "znode", znode));
	}
	return list;
}

static json_t *hex(const struct digest *d)
{
	char text[DIGEST_HEX_SIZE];

	digest_hex(d, text);
	return json_string(text);
}

static json_t *files(const struct manifest *m, const struct bundle *b)
{
	json_t *all = json_object();

	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		const struct bundle_text *t = bundle_text(b, (enum bundle_file)f);

		json_object_set_new(all, bundle_file_name((enum bundle_file)f),
				    json_pack("{s:o, s:I, s:o}", "sha256", hex(&m->files[f]),
					      "size", (json_int_t)t->size, "sources", sources(t)));
	}
	return all;
}

static int append(const char *bytes, size_t size, void *out)
{
	buf_put(out, bytes, size);
	return 0;
}

void manifest_print(const struct manifest *m, const struct bundle *b, int64_t wall, struct buf *out)
{
	char created[32];
	time_t seconds = (time_t)wall;
	json_t *all;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm);
	all = json_pack("{s:i, s:I, s:s, s:s?, s:o, s:o}", "format", FORMAT, "generation",
			(json_int_t)m->generation, "created", created, "revision", m->revision,
			"digest", hex(&m->digest), "files", files(m, b));
	if (!all || json_dump_callback(all, append, out, JSON_INDENT(1)) < 0)
		die("manifest: jansson failed");
	buf_putc(out, '\n');
	json_decref(all);
}

static bool take_digest(const json_t *object, const char *key, struct digest *out)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && digest_parse(text, out);
}

/* A later format may mean something else by the same fields. */
static int check_format(const json_t *all, struct err *e)
{
	const json_t *format = json_object_get(all, "format");

	if (json_is_integer(format) && json_integer_value(format) == FORMAT)
		return 0;
	if (!json_is_integer(format))
		return err_set(e, ERR_INPUT, "%s has no format", MANIFEST_NAME);
	return err_set(e, ERR_REFUSED,
		       "%s has format %lld, and this zknginxd reads format %d; another version of "
		       "zknginxd has written it",
		       MANIFEST_NAME, (long long)json_integer_value(format), FORMAT);
}

static bool take_all(const json_t *all, struct manifest *m)
{
	const json_t *number = json_object_get(all, "generation"),
		     *list = json_object_get(all, "files");
	const char *revision = json_string_value(json_object_get(all, "revision"));

	if (!json_is_integer(number) || json_integer_value(number) < 0)
		return false;
	m->generation = (unsigned long)json_integer_value(number);
	snprintf(m->revision, sizeof(m->revision), "%s", revision ? revision : "");
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		if (!take_digest(json_object_get(list, bundle_file_name((enum bundle_file)f)),
				 "sha256", &m->files[f]))
			return false;
	}
	return take_digest(all, "digest", &m->digest);
}

int manifest_parse(const char *text, size_t size, struct manifest *m, struct err *e)
{
	json_error_t why;
	json_t *all = json_loadb(text, size, 0, &why);
	int rc = 0;

	if (!all)
		rc = err_set(e, ERR_INPUT, "%s: %s", MANIFEST_NAME, why.text);
	else if (check_format(all, e) < 0)
		rc = -1;
	else if (!take_all(all, m))
		rc = err_set(e, ERR_INPUT, "%s lacks a field that is needed", MANIFEST_NAME);
	json_decref(all);
	return rc;
}
