/* Import: the text of snippets and of the new nginx.conf, includes, and hostile files. */
#include "import_fixture.h"

/* --- snippets and what stays ----------------------------------------------------------------- */

static void a_snippet_is_copied_without_its_indentation(void **state)
{
	struct world *w = *state;

	import(w, "http {\n"
		  "\t# Not this one.\n\n"
		  "\t# The blog,\n\t# in two lines.\n"
		  "\tserver { # here\n"
		  "\t\tlisten 80;\n"
		  "\n"
		  "\t\tset $a \"one\n\t\ttwo # not a comment; } {\";\n"
		  "\t} # there\n"
		  "\tserver_tokens off;\n}\n");
	assert_fates(w, "snippet");
	assert_string_equal(file(w, "snippets/http/default-80.conf"),
			    "# The blog,\n# in two lines.\n"
			    "server { # here\n"
			    "\tlisten 80;\n"
			    "\n"
			    "\tset $a \"one\n\t\ttwo # not a comment; } {\";\n"
			    "} # there\n");
	assert_string_equal(w->out.main.text,
			    "http {\n\t# Not this one.\n\n\tserver_tokens off;\n" OURS "}\n");
}

static void everything_may_be_on_one_line(void **state)
{
	struct world *w = *state;

	import(w, "events {} http { upstream a { server a:80; } server { listen 80; set $a b; } "
		  "sendfile on; }");
	assert_fates(w, "typed snippet");
	assert_string_equal(file(w, "snippets/http/default-80.conf"),
			    "server { listen 80; set $a b; }\n");
	assert_string_equal(w->out.main.text,
			    "events {} http {   sendfile on;     # What zknginxd renders from "
			    "ZooKeeper.\n    include /live/http.conf;\n}\n");
}

static void comments_of_typed_objects_stay_where_they_were(void **state)
{
	struct world *w = *state;

	import(w,
	       "http {\n    # The shop.\n    upstream shop {\n        # the first\n"
	       "        server a:80 # why\n            backup;\n        server b:80;\n    }\n}\n");
	assert_fates(w, "typed");
	assert_int_equal(w->out.notes[0].comments, 3);
	assert_string_equal(w->out.main.text,
			    "http {\n    # Moved to ZooKeeper, upstreams/shop; its comments were:\n"
			    "    # The shop.\n    # the first\n    # why\n" OURS "}\n");
}

static void what_the_policy_refuses_stays_with_its_line(void **state)
{
	struct world *w = *state;

	import(w, "http {\n    # PHP\n    server {\n        listen 80;\n"
		  "        location ~ x {\n            scgi_pass a:9000;\n        }\n    }\n}\n");
	assert_fates(w, "stays");
	assert_has(w->out.notes[0].why_untyped, "/etc/nginx/nginx.conf:5: ");
	assert_has(w->out.notes[0].why_stays, "/etc/nginx/nginx.conf:6: \"scgi_pass\"");
	assert_int_equal(w->out.files.count, 0);
	w->policy.level = POLICY_OFF;
	import_http(w, "map $arg_a $x { default 1; }\nserver { listen 80; set $a b; }\n"
		       "server { listen 81; return 404; }");
	assert_fates(w, "stays stays typed");
}

static void a_block_of_lua_stays_as_it_is(void **state)
{
	struct world *w = *state;
	static const char server[] =
		"server {\n    listen 80;\n    content_by_lua_block {\n"
		"        -- a comment with a } and a \" in it\n"
		"        local s = \"}\" .. '\\'}' .. [[ } ]] .. [==[ ]] } ]==]\n"
		"        --[[ a long } one\n        ]] ngx.say({ s }) -- {\n    }\n}";

	assert_stays(w, server, "content_by_lua_block");
	assert_refused(w, "http {\n  init_by_lua_block { x = \"}\" ",
		       "/etc/nginx/nginx.conf:2: the block of Lua that begins here is not closed");
	assert_refused(w, "http { a_by_lua_block { [[ } }",
		       "/etc/nginx/nginx.conf:1: the block of Lua that begins here is not closed");
}

static void what_nginx_conf_uses_itself_stays(void **state)
{
	struct world *w = *state;

	import_http(w, "log_format x \"a${kind}b\";\n"
		       "map $office $kind { default 1; }\ngeo $office { default 0; }\n"
		       "geo $remote_addr $office2 { default 0; }\n"
		       "limit_req_zone $kind zone=a:1m rate=1r/s;\n"
		       "limit_req_zone $office2 zone=b:1m rate=1r/s;\nlimit_req zone=b;");
	assert_fates(w, "stays stays stays snippet stays");
	assert_has(w->out.notes[0].why_stays, "/etc/nginx/nginx.conf:2: it is used here");
}

static void a_text_that_is_no_utf8_stays(void **state)
{
	struct world *w = *state;

	import_http(w, "upstream a { server a:80; }\nserver { listen 80; server_name \xff.test; "
		       "location / { return 404; } }");
	assert_fates(w, "typed stays");
	import_http(w, "server { listen 80; # \xff\n location / { return 404; } }");
	assert_fates(w, "typed");
	assert_has(w->out.main.text, "# \xff\n");
}

static void a_snippet_that_is_too_large_stays(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	buf_puts(&text, "geo $x {\n");
	for (unsigned i = 0; i < 60000; i++)
		buf_printf(&text, "10.%u.%u.%u 1;\n", i >> 16, (i >> 8) & 255, i & 255);
	buf_puts(&text, "}");
	assert_stays(w, buf_str(&text), "too large");
}

/* --- includes -------------------------------------------------------------------------------- */

static void an_include_stays_unless_something_in_it_moves(void **state)
{
	struct world *w = *state;

	w->included = (const struct text[]){
		{ "conf.d/a.conf", "sendfile on;\n" },
		{ "conf.d/b.conf", "# Two.\n\nupstream b { server b:80; }\ntcp_nopush on;" },
		{ "conf.d/c d.conf", "server_tokens off;\n" },
		{ "conf.d/e.conf", "server { listen 80; return 404; }" },
		{ "mime.types", "types { text/html html; }\n" },
		{ NULL, NULL },
	};
	import(w, "http {\n    include mime.types;\n    include conf.d/*.conf; # all\n"
		  "    include none/*.conf;\n}\n");
	assert_fates(w, "typed typed");
	assert_string_equal(w->out.main.text,
			    "http {\n    include mime.types;\n    include conf.d/a.conf;\n"
			    "    # conf.d/b.conf:\n    # Two.\n\n    tcp_nopush on;\n"
			    "    include \"conf.d/c d.conf\";\n # all\n"
			    "    include none/*.conf;\n" OURS "}\n");
}

static void an_include_within_a_server_becomes_part_of_the_snippet(void **state)
{
	struct world *w = *state;

	w->included = (const struct text[]){
		{ "x.conf", "set $a b;\ninclude y.conf;\n" },
		{ "y.conf", "set $c \"d\n  e\";" },
		{ NULL, NULL },
	};
	import(w, "http {\n  server {\n    listen 80;\n    include x.conf;\n  }\n}\n");
	assert_fates(w, "snippet");
	assert_string_equal(file(w, "snippets/http/default-80.conf"),
			    "server {\n  listen 80;\n  # x.conf:\n  set $a b;\n  # y.conf:\n"
			    "  set $c \"d\n  e\";\n}\n");
	assert_has(w->out.notes[0].why_untyped, "/etc/nginx/x.conf:1: \"set\"");
}

static void our_own_include_is_neither_followed_nor_added_again(void **state)
{
	struct world *w = *state;
	static const char text[] = "http {\n    include /live/http.conf;\n    gzip on;\n}\n";

	import(w, text);
	assert_string_equal(w->out.main.text, text);
}

static void the_new_nginx_conf_has_nothing_more_to_move(void **state)
{
	struct world *w = *state;
	const char *first;

	import(w, "http {\n  upstream a { server a:80; }\n  server { listen 80; scgi_pass x; }\n"
		  "  server { listen 80; server_name b; return 404; }\n}\n");
	assert_fates(w, "typed stays typed");
	first = w->out.main.text;
	import(w, first);
	assert_fates(w, "stays");
	assert_string_equal(w->out.main.text, first);
}

/* --- hostile files --------------------------------------------------------------------------- */

static void a_file_that_nginx_would_not_read_is_refused_with_its_line(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_fini) struct buf deep = BUF_INIT;

	w->included = (const struct text[]){
		{ "self.conf", "\ninclude self.conf;" },
		{ "bad.conf", "a b;\n}" },
		{ NULL, NULL },
	};
	assert_refused(w, "a\n\"b",
		       "/etc/nginx/nginx.conf:2: unexpected end of file, expecting "
		       "\";\" or \"}\"");
	assert_refused(w, "http {\n",
		       "/etc/nginx/nginx.conf:1: the block that begins here is not "
		       "closed");
	assert_refused(w, "a;\n}",
		       "/etc/nginx/nginx.conf:2: unexpected \"}\": no block is open "
		       "here");
	assert_refused(w, "http { a }", "/etc/nginx/nginx.conf:1: unexpected \"}\"");
	assert_refused(w, "\ninclude none.conf;",
		       "/etc/nginx/nginx.conf:2: none.conf: No such file or directory");
	assert_refused(w, "include self.conf;",
		       "/etc/nginx/self.conf:2: the file that is included includes this one");
	assert_refused(w, "include bad.conf;",
		       "/etc/nginx/bad.conf:2: unexpected \"}\": no block is open here");
	assert_refused(w, "http {} http {}", "/etc/nginx/nginx.conf:1: a second http block");
	assert_int_equal(import_bytes(w, "a;\n\0b;", 6), -1);
	assert_has(w->err.text, "nginx.conf:2: contains a NUL byte");
	assert_refused(w, "\xef\xbb\xbfhttp {}",
		       "/etc/nginx/nginx.conf:1: begins with a byte order mark, which nginx does "
		       "not take");
	for (unsigned i = 0; i < 1000; i++)
		buf_puts(&deep, "a {");
	assert_refused(w, buf_str(&deep), "/etc/nginx/nginx.conf:1: blocks are nested too deep");
}

static void includes_that_multiply_end(void **state)
{
	struct world *w = *state;
	struct text *texts = arena_array(w->arena, struct text, 41);

	for (unsigned i = 0; i < 40; i++) {
		texts[i].path = arena_printf(w->arena, "%u", i);
		texts[i].text =
			i < 39 ? arena_printf(w->arena, "include %u; include %u;", i + 1, i + 1)
			       : "a;";
	}
	w->included = texts;
	assert_int_equal(import_bytes(w, "include 0;", 10), -1);
	assert_has(w->err.text, "too many files");
}

static void an_empty_file_is_a_configuration(void **state)
{
	struct world *w = *state;

	import(w, "");
	assert_string_equal(w->out.main.text, "\nhttp {\n" OURS "}\n");
	import(w, "# only a comment");
	assert_string_equal(w->out.main.text, "# only a comment\n\nhttp {\n" OURS "}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_snippet_is_copied_without_its_indentation),
		T(everything_may_be_on_one_line),
		T(comments_of_typed_objects_stay_where_they_were),
		T(what_the_policy_refuses_stays_with_its_line),
		T(a_block_of_lua_stays_as_it_is),
		T(what_nginx_conf_uses_itself_stays),
		T(a_text_that_is_no_utf8_stays),
		T(a_snippet_that_is_too_large_stays),
		T(an_include_stays_unless_something_in_it_moves),
		T(an_include_within_a_server_becomes_part_of_the_snippet),
		T(our_own_include_is_neither_followed_nor_added_again),
		T(the_new_nginx_conf_has_nothing_more_to_move),
		T(a_file_that_nginx_would_not_read_is_refused_with_its_line),
		T(includes_that_multiply_end),
		T(an_empty_file_is_a_configuration),
	};

	return cmocka_run_group_tests_name("import_text", tests, NULL, NULL);
}
