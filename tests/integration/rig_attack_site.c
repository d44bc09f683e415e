/*
 * Hostile typed sites: the same tricks in the fields of a site, in its `directives`, in snippets
 * that it includes, and put together from a template and its parameters. A site goes through
 * decode, compose and render, as in the daemon; the server that comes out is what is attacked.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <zknginx/err.h>

#include "core/compose/compose.h"
#include "core/render/render.h"
#include "rig_attack.h"

#define ROOT "/nginx/config"
#define LISTEN "127.0.0.1:1"
#define PICK(a, list) (list)[attack_random((a), ARRAY_SIZE(list))]

/* --- known tricks ---------------------------------------------------------------------------- */

#define GET(path) "GET " path " HTTP/1.0\r\n\r\n"
#define SITE(locations) "{\"root\":\"%R\",\"locations\":[" locations "]}"

const struct attack_site_trick attack_site_tricks[] = {
	{ SITE("{\"path\":\"/\",\"rewrite\":[{\"from\":\"^/(..)\",\"to\":\"/$1/$1/canary\","
	       "\"flag\":\"break\"}]}"),
	  NULL, GET("/..x") },
	{ SITE("{\"path\":\"/\",\"rewrite\":[{\"from\":\"^/x(.*)$\",\"to\":\"/$1/canary\","
	       "\"flag\":\"break\"}]}"),
	  NULL, GET("/x..%0a") },
	{ SITE("{\"path\":\"/\",\"try_files\":[\"/$arg_q/canary\",\"=404\"]}"), NULL,
	  GET("/?q=..") },
	{ SITE("{\"path\":\"/\",\"try_files\":[\"/../canary\",\"=404\"]}"), NULL, GET("/") },
	{ SITE("{\"path\":\"/\",\"error_pages\":{\"404\":\"/$arg_q/canary\"}}"), NULL,
	  GET("/n?q=..") },
	{ SITE("{\"path\":\"/p\",\"proxy\":\"up\"},{\"path\":\"/\",\"try_files\":[\"$uri\","
	       "\"$uri/canary\",\"=404\"]}"),
	  NULL, GET("/p?r=/..?") },
	{ SITE("{\"path\":\"/\",\"directives\":[\"rewrite ^/(..) /$1/$1/canary break\"]}"), NULL,
	  GET("/..x") },
	{ SITE("{\"path\":\"~ ^/(..)\",\"directives\":[\"try_files /$1/canary =404\"]}"), NULL,
	  GET("/..x") },
	{ SITE("{\"path\":\"/\",\"directives\":[\"if ($arg_q ~ (..)) { rewrite ^ /$1/canary "
	       "break; }\"]}"),
	  NULL, GET("/?q=..") },
	{ SITE("{\"path\":\"/\",\"directives\":[\"set $s $arg_q\",\"rewrite ^ /$s/canary "
	       "break\"]}"),
	  NULL, GET("/?q=..") },
	{ SITE("{\"path\":\"/\",\"include\":[\"l\"]}"),
	  "{}", /* the snippet of random_tree() has a trick of its own */
	  GET("/..x") },
	{ "{\"template\":\"t\",\"with\":{\"p\":\"..\"}}",
	  SITE("{\"path\":\"/\",\"try_files\":[\"/$(p)/canary\",\"=404\"]}"), GET("/") },
	{ "{\"template\":\"t\",\"with\":{\"p\":\"..\"}}",
	  SITE("{\"path\":\"/\",\"directives\":[\"try_files /$(p)/canary =404\"]}"), GET("/") },
	{ "{\"template\":\"t\",\"with\":{\"p\":\"/..\"}}",
	  SITE("{\"path\":\"/\",\"rewrite\":[{\"from\":\"^/(.*)$\",\"to\":\"$(p)/canary\","
	       "\"flag\":\"break\"}]}"),
	  GET("/") },
	{ "{\"template\":\"t\",\"with\":{\"p\":\"%R/..\"}}",
	  "{\"root\":\"$(p)\",\"locations\":[{\"path\":\"/\"}]}", GET("/canary") },
	{ "{\"template\":\"t\",\"with\":{\"p\":\"(..)\"}}",
	  SITE("{\"path\":\"/\",\"rewrite\":[{\"from\":\"^/$(p)\",\"to\":\"/$1/$1/canary\","
	       "\"flag\":\"break\"}]}"),
	  GET("/..x") },
};
const size_t attack_site_trick_count = ARRAY_SIZE(attack_site_tricks);

/* --- a site at random ------------------------------------------------------------------------ */

static json_t *words(const char *text)
{
	json_t *list = json_array();

	while (*text) {
		size_t size = strcspn(text, " ");

		json_array_append_new(list, json_stringn(text, size));
		text += size + strspn(text + size, " ");
	}
	return list;
}

static json_t *filled(const struct attack *a, const char *text)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	attack_fill(a, text, &b);
	return json_string(buf_str(&b));
}

static json_t *rewrites(struct attack *a)
{
	static const char *const flags[] = { "break", "break", "last", "permanent" };
	json_t *list = json_array();

	for (unsigned n = 1 + attack_random(a, 2); n; n--) {
		CLEANUP(buf_fini) struct buf regex = BUF_INIT;

		attack_regex(a, &regex);
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:s}", "from", buf_str(&regex), "to",
						attack_replacement(a), "flag", PICK(a, flags)));
	}
	return list;
}

static const char *const tried[] = {
	"$uri =404",
	"$uri $uri/ =404",
	"$uri $uri/ /index.html",
	"$uri/canary =404",
	"/$host/canary =404",
	"$uri @x",
	"/$1/canary =404",
	"/none $uri",
	"$uri /x.html$is_args$args",
	"$uri.html $uri$arg_q/canary =404",
	"/.$host$uri /b/../../canary =404",
	"$fastcgi_script_name $document_uri/canary =404",
};
static const char *const pages[] = { "$uri",       "/b$uri",        "/../canary",
				     "@x",         "/$host/canary", "/x.html$is_args$args",
				     "/$1/canary", "/$arg_q/canary" };
static const char *const asked[] = { "/../canary", "/au", "/b/../../canary", "/$arg_q" };

static void put_directives(struct attack *a, json_t *to)
{
	json_t *list = json_array();

	for (unsigned n = 1 + attack_random(a, 2); n; n--) {
		CLEANUP(buf_fini) struct buf line = BUF_INIT;

		attack_statement(a, &line);
		json_array_append_new(list, json_string(buf_str(&line)));
	}
	json_object_set_new(to, "directives", list);
}

/* What a site and a location may both have. */
static void put_common(struct attack *a, json_t *to)
{
	if (attack_random(a, 2))
		json_object_set_new(to, "rewrite", rewrites(a));
	if (attack_random(a, 2))
		json_object_set_new(to, "try_files", words(PICK(a, tried)));
	if (attack_random(a, 4) == 0)
		json_object_set_new(to, "error_pages",
				    json_pack("{s:s}", "404 502", PICK(a, pages)));
	if (attack_random(a, 10) == 0)
		json_object_set_new(to, "auth_request", json_string(PICK(a, asked)));
	if (attack_random(a, 10) == 0)
		json_object_set_new(to, "mirror", json_string(PICK(a, asked)));
	if (attack_random(a, 6) == 0)
		json_object_set_new(to, "index", words("canary index.html"));
	if (attack_random(a, 3) == 0)
		put_directives(a, to);
}

static json_t *path_of_location(struct attack *a)
{
	static const char *const paths[] = { "/",   "/",  "/x/",   "^~ /b/", "/p",
					     "/b/", "@x", "= /au", "/d",     "/b" };
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	if (attack_random(a, 3))
		return json_string(PICK(a, paths));
	buf_puts(&b, "~ ");
	attack_regex(a, &b);
	return json_string(buf_str(&b));
}

static void put_kind(struct attack *a, json_t *to)
{
	switch (attack_random(a, 10)) {
	case 0:
		json_object_set_new(to, "proxy", json_string("up"));
		break;
	case 1:
		json_object_set_new(to, "fastcgi", json_string("dead"));
		break;
	case 2:
		json_object_set_new(to, "alias", filled(a, attack_random(a, 2) ? "%R/" : "%D"));
		break;
	case 3:
		json_object_set_new(to, "root", filled(a, "%D"));
		break;
	case 4:
		json_object_set_new(
			to, "redirect",
			json_pack("{s:i,s:s}", "status", 301, "to", attack_replacement(a)));
		break;
	case 5:
		json_object_set_new(to, "proxy", json_string("dead"));
		json_object_set_new(to, "ignore_headers", json_string("X-Accel-Redirect"));
		break;
	default:
		break; /* files of the site's root */
	}
}

static json_t *location(struct attack *a)
{
	json_t *l = json_object();

	json_object_set_new(l, "path", path_of_location(a));
	put_kind(a, l);
	put_common(a, l);
	if (attack_random(a, 8) == 0)
		json_object_set_new(l, "include", words("l"));
	return l;
}

static json_t *random_site(struct attack *a)
{
	json_t *site = json_object(), *locations = json_array();

	json_object_set_new(site, "root", filled(a, attack_random(a, 2) ? "%R" : "%D"));
	for (unsigned n = 1 + attack_random(a, 3); n; n--)
		json_array_append_new(locations, location(a));
	json_object_set_new(site, "locations", locations);
	if (attack_random(a, 4) == 0)
		put_common(a, site);
	return site;
}

/* --- templates ------------------------------------------------------------------------------- */

static const char *const hostile[] = {
	"..", "../..", "/..", ".",      "$1",  "$uri", "$arg_q", "(..)", "canary", "/../canary",
	"x;", "}",     "\\",  "%2e%2e", "../", "$$1",  "$(p)",   "..\n", "/",      "b/../..",
};

/* A part of the string becomes a parameter, whose value is that part, or something hostile. */
static json_t *parametrise(struct attack *a, const char *text, json_t *with)
{
	size_t size = strlen(text), from = attack_random(a, (unsigned)size + 1);
	size_t length = attack_random(a, (unsigned)(size - from) + 1);
	char name[16], *copy;
	json_t *out;

	snprintf(name, sizeof(name), "p%zu", json_object_size(with));
	json_object_set_new(with, name,
			    attack_random(a, 2) ? json_stringn(text + from, length)
						: json_string(PICK(a, hostile)));
	copy = xasprintf("%.*s$(%s)%s", (int)from, text, name, text + from + length);
	out = json_string(copy);
	free(copy);
	return out;
}

/* Some of the strings in it. */
static json_t *with_parameters(struct attack *a, json_t *value, json_t *with)
{
	const char *name;
	json_t *member;
	void *next;

	if (json_is_string(value) && attack_random(a, 4) == 0)
		return parametrise(a, json_string_value(value), with);
	for (size_t i = 0; i < json_array_size(value); i++)
		json_array_set_new(value, i, with_parameters(a, json_array_get(value, i), with));
	json_object_foreach_safe(value, next, name, member)
		json_object_set_new(value, name, with_parameters(a, member, with));
	return json_incref(value);
}

/* --- through the pipeline -------------------------------------------------------------------- */

static void add(struct tree_builder *b, const char *path, const char *data)
{
	struct znode z = { .path = path, .data = data, .size = strlen(data) };

	tree_builder_add(b, &z);
}

static struct tree *tree_of(struct attack *a, const char *site, const char *template,
			    const char *snippet)
{
	CLEANUP(freep) char *server = xasprintf(ROOT "/upstreams/up/127.0.0.1:%d", a->upstream);
	struct tree_builder b;
	struct tree *t;

	tree_builder_init(&b);
	add(&b, ROOT "/sites/s", site);
	add(&b, ROOT "/snippets/location/l", snippet);
	if (template)
		add(&b, ROOT "/templates/t", template);
	add(&b, ROOT "/upstreams/up", "");
	add(&b, server, "");
	add(&b, ROOT "/upstreams/dead", "");
	add(&b, ROOT "/upstreams/dead/127.0.0.1:9", "");
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

/* What is within "server { listen …; }": the caller frees. */
static char *body_of(const struct bundle *b)
{
	static const char begin[] = "\nserver {\n    listen " LISTEN ";\n";
	const char *text = bundle_text(b, BUNDLE_HTTP)->data, *at = strstr(text, begin);
	const char *end = strrchr(text, '}');

	if (!at || !end)
		die("no server in:\n%s", text);
	at += strlen(begin);
	return strndup(at, (size_t)(end - at));
}

static char *render_tree(const struct tree *t, const struct policy *policy)
{
	static const struct render_options options = { .log_directory = "/var/log/nginx",
						       .cache_directory = "/var/cache/nginx" };
	CLEANUP(tree_unrefp) struct tree *nothing = tree_empty();
	CLEANUP(model_freep) struct model *good = model_new(), *m = NULL;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;
	CLEANUP(problems_fini) struct problems problems;
	struct compose_input in = { .tree = (struct tree *)t,
				    .accepted = nothing,
				    .good = good,
				    .policy = policy,
				    .root = ROOT };

	problems_init(&problems);
	m = compose(&in, &problems, NULL);
	if (!model_site(m, "s"))
		return NULL;
	b = render(m, &options);
	return body_of(b);
}

static void put_listen(json_t *site)
{
	json_object_set_new(site, "listen", json_pack("[s]", LISTEN));
}

static char *serve(struct attack *a, const struct policy *policy, json_t *site, json_t *template,
		   const char *snippet)
{
	CLEANUP(freep) char *text = NULL, *template_text = NULL;
	CLEANUP(tree_unrefp) struct tree *t = NULL;

	put_listen(site);
	text = json_dumps(site, JSON_COMPACT);
	template_text = template ? json_dumps(template, JSON_COMPACT) : NULL;
	t = tree_of(a, text, template_text, snippet);
	return render_tree(t, policy);
}

char *attack_random_site(struct attack *a, const struct policy *policy)
{
	CLEANUP(buf_fini) struct buf snippet = BUF_INIT;
	json_t *site = random_site(a), *with = NULL, *template = NULL;
	char *body;

	attack_statement(a, &snippet);
	if (attack_random(a, 2)) {
		with = json_object();
		template = with_parameters(a, site, with);
		json_decref(site);
		site = json_pack("{s:s,s:o}", "template", "t", "with", with);
	}
	body = serve(a, policy, site, template, buf_str(&snippet));
	json_decref(site);
	json_decref(template);
	return body;
}

char *attack_known_site(struct attack *a, const struct policy *policy,
			const struct attack_site_trick *trick)
{
	CLEANUP(buf_fini) struct buf site = BUF_INIT, template = BUF_INIT;
	json_t *s, *t;
	char *body;

	attack_fill(a, trick->site, &site);
	attack_fill(a, trick->template ?: "{}", &template);
	s = json_loads(buf_str(&site), 0, NULL);
	t = json_loads(buf_str(&template), 0, NULL);
	if (!s || !t)
		die("no JSON: %s %s", buf_str(&site), buf_str(&template));
	body = serve(a, policy, s, trick->template ? t : NULL,
		     "rewrite ^/(..) /$1/$1/canary break;");
	json_decref(s);
	json_decref(t);
	return body;
}
