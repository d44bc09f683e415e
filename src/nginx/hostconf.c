/* The text is copied only when it differs, and then has another serial number. */
#include <string.h>

#include <zknginx/err.h>

#include "hostconf.h"

void hostconf_init(struct hostconf *h)
{
	*h = (struct hostconf){ .changes = conffiles_new() };
}

void hostconf_fini(struct hostconf *h)
{
	conffiles_free(h->changes);
	if (h->arena)
		arena_free(h->arena);
}

static bool is_same(const struct hostconf *h, const struct host_file *files, size_t count)
{
	if (!h->arena || h->count != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct host_file *old = &h->files[i], *now = &files[i];

		if (strcmp(old->path, now->path) != 0 || old->size != now->size ||
		    memcmp(old->text, now->text, now->size) != 0)
			return false;
	}
	return true;
}

static void keep_text(struct hostconf *h, const struct host_file *files, size_t count)
{
	if (is_same(h, files, count))
		return;
	if (h->arena)
		arena_free(h->arena);
	h->arena = arena_new();
	h->count = count;
	h->files = arena_array(h->arena, struct host_file, count);
	for (size_t i = 0; i < count; i++) {
		h->files[i] = (struct host_file){
			.path = arena_strdup(h->arena, files[i].path),
			.text = arena_copy(h->arena, files[i].text, files[i].size),
			.size = files[i].size,
		};
	}
	h->serial++;
}

static enum nginx_includes includes_of(const struct sandbox_result *r, bool needs_stream)
{
	if (!r->http_included)
		return NGINX_INCLUDES_NOTHING;
	return r->stream_included || !needs_stream ? NGINX_INCLUDES_ALL : NGINX_INCLUDES_NO_STREAM;
}

void hostconf_test_begins(struct hostconf *h)
{
	conffiles_begin(h->changes);
}

void hostconf_test_ended(struct hostconf *h, const struct sandbox_result *r, const char *live,
			 bool needs_stream, uint64_t duration)
{
	conffiles_tested(h->changes, r->passed ? r->files : NULL, live);
	if (!r->passed) {
		/* What the old files said is no reason any more to keep an object out. It may be
		 * the very object that the new files need. */
		if (h->has_changed)
			keep_text(h, NULL, 0);
		return;
	}
	h->test_duration = duration;
	h->has_changed = false;
	h->includes = includes_of(r, needs_stream);
	keep_text(h, r->host, r->host_count);
}

/* One test per change, and a slow test not too often. */
bool hostconf_look(struct hostconf *h, uint64_t now)
{
	uint64_t rest = USEC_PER_SEC + 10 * h->test_duration;

	if (!conffiles_have_changed(h->changes, now, rest))
		return false;
	h->has_changed = true;
	return true;
}

bool hostconf_is_included(const struct hostconf *h)
{
	return h->includes == NGINX_INCLUDES_ALL || h->includes == NGINX_INCLUDES_NO_STREAM;
}

bool hostconf_lacks_include(const struct hostconf *h)
{
	return h->includes == NGINX_INCLUDES_NOTHING || h->includes == NGINX_INCLUDES_NO_STREAM;
}

bool hostconf_is_surely_included(const struct hostconf *h)
{
	return h->includes == NGINX_INCLUDES_ALL && !h->has_changed;
}
