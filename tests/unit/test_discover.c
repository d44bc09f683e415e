/* discover: the registrations of a tree become the servers of an upstream. */

#include "compose_fixture.h"
#include "core/endpoint/endpoint.h"

#define SHOP(policy) ROOT "/upstreams/shop\n\t" policy "\n"
#define NERVE(name, host, more)                                                                    \
	"/s/" name " owner=7\n\t{\"host\":\"" host "\",\"port\":80" more "}\n"

/* "ADDRESS[*WEIGHT][ down][ backup]" of all servers, with ", " between. */
static const char *servers_of(const struct model *m, const char *name)
{
	static char text[4096];
	const struct upstream *u = model_upstream(m, name);
	size_t used = 0;

	assert_non_null(u);
	text[0] = '\0';
	for (size_t i = 0; i < u->server_count; i++) {
		const struct server *s = &u->servers[i];

		used += (size_t)sprintf(text + used, "%s%s", i ? ", " : "", s->address);
		if (s->params.weight != 1)
			used += (size_t)sprintf(text + used, "*%ld", s->params.weight);
		used += (size_t)sprintf(text + used, "%s%s", s->params.down ? " down" : "",
					s->params.backup ? " backup" : "");
	}
	return text;
}

static void expect(const struct world *w, const char *servers)
{
	assert_string_equal(servers_of(w->next, "shop"), servers);
}

static void expect_problem(const struct world *w, const char *part)
{
	assert_int_equal(w->problems.count, 1);
	if (!strstr(w->problems.items[0].message, part))
		fail_msg("%s", w->problems.items[0].message);
}

static void registrations_and_own_servers_are_one_list(void **state)
{
	struct world *w = *state;

	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\"}}") ROOT
	    "/upstreams/shop/10.0.0.5:80\n" NERVE("a", "10.0.0.9", "") NERVE("b", "10.0.0.1", ""));
	expect(w, "10.0.0.1:80, 10.0.0.5:80, 10.0.0.9:80");
	assert_int_equal(w->problems.count, 0);
}

static void a_path_that_is_not_there_is_no_servers(void **state)
{
	struct world *w = *state;

	see(w, SHOP("{\"discover\":{\"path\":\"/s\"}}"));
	expect(w, "");
	assert_int_equal(w->problems.count, 0);
	assert_null(model_upstream(w->next, "shop")->discovers[0].chosen);
}

static void bad_registrations_are_one_problem_and_affect_no_other(void **state)
{
	struct world *w = *state;

	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\"}}") NERVE("a", "; }", "")
		       NERVE("b", "10.0.0.1", "") NERVE("c", "unix", "") NERVE("d", "300.1.1.1", "")
			       NERVE("e", "x y", ""));
	expect(w, "10.0.0.1:80");
	expect_problem(w, "4 of 5 registrations cannot be used: \"a\" has");
	assert_string_equal(w->problems.items[0].znode, "/s");
	assert_int_equal(w->problems.items[0].kind, PROBLEM_DISCOVERY);
	assert_null(strstr(w->problems.items[0].message, "\"e\" has"));
}

static void a_registration_keeps_its_last_good_form(void **state)
{
	struct world *w = *state;

	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\"}}")
		       NERVE("a", "10.0.0.1", ""));
	apply(w);
	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\"}}") "/s/a owner=7\n\t{\n");
	expect(w, "10.0.0.1:80");
	expect_problem(w, "1 of 1");
	assert_int_equal(w->problems.items[0].serving, SERVING_PREVIOUS);
}

/* --- what gives no server ------------------------------------------------------------------- */

static const char *problem_of(const struct world *w, const char *znode)
{
	for (size_t i = 0; i < w->problems.count; i++) {
		if (strcmp(w->problems.items[i].znode, znode) == 0)
			return w->problems.items[i].message;
	}
	return "";
}

static void an_upstream_without_a_server_says_why(void **state)
{
	struct world *w = *state;

	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"json\",\"keys\":{\"up\":\"s\","
		    "\"labels\":\"labels\"},\"match\":{\"labels\":{\"az\":\"a\"}}}}")
		       NERVE("a", "10.0.0.1", ",\"labels\":{\"az\":\"b\"}")
			       NERVE("b", "10.0.0.2", ",\"s\":\"FAILED\",\"labels\":{\"az\":\"a\"}")
				       NERVE("c", "; }", "")
					       NERVE("d", "10.0.0.4", "") "/s/log_replicas\n");
	expect(w, "");
	assert_string_equal(
		problem_of(w, ROOT "/upstreams/shop"),
		"the upstream has no server: nginx answers requests to it with 502; left out at /s "
		"(4): \"a\" has the label \"az\" with the value \"b\": \"match\" asks for \"a\"; "
		"\"b\" is registered as down: its state is \"FAILED\"; \"c\" has the host \"; }\", "
		"which is neither an IP address nor a host name (letters, digits, - and _); …");
	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"json\"}}"));
	assert_non_null(
		strstr(problem_of(w, ROOT "/upstreams/shop"), "502; nothing is registered at /s"));
	see(w, SHOP("{\"discover\":{\"path\":\"/s\"}}") "/s/a owner=7\n\tof no format\n");
	assert_non_null(strstr(problem_of(w, ROOT "/upstreams/shop"),
			       "502; no registration is recognised at /s"));
}

static void a_foreign_child_is_no_problem(void **state)
{
	struct world *w = *state;
	const struct discover *d;

	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"json\"}}")
		       NERVE("a", "10.0.0.1", "") "/s/log_replicas\n\tlog\n"
						  "/s/readonly owner=7\n\t{}\n"
						  "/s/settings\n\t{\"mode\":1}\n");
	expect(w, "10.0.0.1:80");
	assert_int_equal(w->problems.count, 0);
	d = &model_upstream(w->next, "shop")->discovers[0];
	assert_int_equal(d->foreign_count, 3);
	assert_string_equal(d->foreign[0], "\"log_replicas\" is not JSON");
	assert_int_equal(d->left_out, 0);
}

static void a_registration_that_turns_into_something_else_is_a_problem(void **state)
{
	struct world *w = *state;

	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"json\"}}") "/s/"
									    "a\n\t{\"host\":\"10.0."
									    "0.1\",\"port\":80}\n");
	apply(w);
	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"json\"}}") "/s/a\n\tgone\n");
	expect(w, "10.0.0.1:80");
	expect_problem(w, "1 of 1");
}

static void children_are_ignored_by_name(void **state)
{
	struct world *w = *state;

	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\",\"ignore\":[\"x-*\","
		    "\"b\"]}}") NERVE("a", "10.0.0.1", "") NERVE("b", "10.0.0.2", "")
		       NERVE("x-1", "; }", "") NERVE("y-x-1", "10.0.0.3", ""));
	expect(w, "10.0.0.1:80, 10.0.0.3:80");
	assert_int_equal(w->problems.count, 0);
}

static void several_registrations_in_one_znode_are_several_servers(void **state)
{
	struct world *w = *state;
	const char *shop = SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\"}}");
	char text[1024];

	snprintf(text, sizeof(text), "%s%s", shop,
		 "/s/all owner=7\n\t[{\"host\":\"10.0.0.2\",\"port\":80},{\"host\":\"10.0.0.1\","
		 "\"port\":80},{\"host\":\"10.0.0.2\",\"port\":80,\"weight\":9}]\n");
	see(w, text);
	expect(w, "10.0.0.1:80, 10.0.0.2:80");
	assert_int_equal(w->problems.count, 0);
	apply(w);
	snprintf(text, sizeof(text), "%s%s", shop,
		 "/s/all owner=7\n\t[{\"host\":\"10.0.0.3\",\"port\":80},{\"host\":\"; }\"}]\n");
	see(w, text);
	expect(w, "10.0.0.1:80, 10.0.0.3:80");
	expect_problem(w, "1 of 2 registrations cannot be used: \"all\"[1] has the host");
	snprintf(text, sizeof(text), "%s%s", shop, "/s/all owner=7\n\t[{\"host\"\n");
	see(w, text);
	expect(w, "10.0.0.1:80, 10.0.0.2:80");
}

static void upstreams_that_differ_in_case_alone_clash(void **state)
{
	struct world *w = *state;

	see(w, ROOT "/upstreams/Shop czxid=1\n" ROOT "/upstreams/Shop/10.0.0.1:80\n" ROOT
		    "/upstreams/shop czxid=2\n" ROOT "/upstreams/shop/10.0.0.2:80\n");
	assert_non_null(model_upstream(w->next, "Shop"));
	assert_null(model_upstream(w->next, "shop"));
	assert_int_equal(w->problems.count, 1);
	assert_string_equal(w->problems.items[0].znode, ROOT "/upstreams/shop");
}

static void weights_are_scaled_and_reduced(void **state)
{
	struct world *w = *state;
	const char *shop = SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\"}}");
	char text[2048];

	snprintf(text, sizeof(text), "%s%s", shop,
		 NERVE("a", "10.0.0.1", ",\"weight\":10") NERVE("b", "10.0.0.2", ",\"weight\":30"));
	see(w, text);
	expect(w, "10.0.0.1:80, 10.0.0.2:80*3");
	snprintf(text, sizeof(text), "%s%s", shop,
		 NERVE("a", "10.0.0.1", ",\"weight\":0.5") NERVE("b", "10.0.0.2", ""));
	see(w, text);
	expect(w, "10.0.0.1:80, 10.0.0.2:80*2");
	snprintf(text, sizeof(text), "%s%s", shop,
		 NERVE("a", "10.0.0.1", ",\"weight\":9999999999") NERVE("b", "10.0.0.2", ""));
	see(w, text);
	expect(w, "10.0.0.1:80*65535, 10.0.0.2:80");
	snprintf(text, sizeof(text), "%s%s", shop,
		 NERVE("a", "10.0.0.1", ",\"weight\":0") NERVE("b", "10.0.0.2", ""));
	see(w, text);
	expect(w, "10.0.0.2:80");
}

static void down_is_left_out_or_shown(void **state)
{
	struct world *w = *state;

	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\",\"down\":\"down\"}}")
		       NERVE("a", "10.0.0.1", ",\"weight\":0")
			       NERVE("b", "10.0.0.2", ",\"weight\":4"));
	expect(w, "10.0.0.1:80 down, 10.0.0.2:80");
}

static void labels_select_registrations(void **state)
{
	struct world *w = *state;

	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\",\"match\":{\"labels\":"
		    "{\"az\":\"a\",\"canary\":\"\"}}}}")
		       NERVE("a", "10.0.0.1", ",\"labels\":{\"az\":\"a\",\"canary\":\"\"}")
			       NERVE("b", "10.0.0.2", ",\"labels\":{\"az\":\"b\",\"canary\":\"\"}")
				       NERVE("c", "10.0.0.3", ",\"labels\":{\"az\":\"a\"}"));
	expect(w, "10.0.0.1:80");
	assert_int_equal(w->problems.count, 0);
}

static void of_equal_addresses_the_last_registration_stays(void **state)
{
	struct world *w = *state;

	see(w,
	    SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\"}}") "/s/a owner=7 "
									  "czxid=5\n\t{\"host\":"
									  "\"WEB\",\"port\":80}\n"
									  "/s/b owner=8 "
									  "czxid=9\n\t{\"host\":"
									  "\"web\",\"port\":80}\n"
									  "/s/c owner=9 "
									  "czxid=7\n\t{\"host\":"
									  "\"web\",\"port\":80}\n");
	expect(w, "web:80");
	assert_string_equal(model_upstream(w->next, "shop")->servers[0].source->path, "/s/b");
	assert_int_equal(w->problems.count, 0);
}

#define CURATOR(name, port, tls)                                                                   \
	"/c/" name " owner=7\n\t{\"address\":\"10.0.0." name "\",\"port\":" port                   \
	",\"sslPort\":" tls "}\n"

static void tls_is_never_mixed(void **state)
{
	struct world *w = *state;
	const struct upstream *u;

	see(w, SHOP("{\"discover\":{\"path\":\"/c\",\"format\":\"curator\",\"tls\":\"prefer\"}}")
		       CURATOR("1", "80", "443") CURATOR("2", "80", "443"));
	expect(w, "10.0.0.1:443, 10.0.0.2:443");
	u = model_upstream(w->next, "shop");
	assert_true(u->tls);
	see(w, SHOP("{\"discover\":{\"path\":\"/c\",\"format\":\"curator\",\"tls\":\"prefer\"}}")
		       CURATOR("1", "80", "443") CURATOR("2", "80", "null"));
	expect(w, "10.0.0.1:80, 10.0.0.2:80");
	see(w, SHOP("{\"discover\":{\"path\":\"/c\",\"format\":\"curator\",\"tls\":\"only\"}}")
		       CURATOR("1", "80", "443") CURATOR("2", "80", "null"));
	expect(w, "10.0.0.1:443");
	expect_problem(w, "\"2\" has no TLS port");
	/* A server znode of the upstream has no other port. */
	see(w, SHOP("{\"discover\":{\"path\":\"/c\",\"format\":\"curator\",\"tls\":\"prefer\"}}")
		       ROOT "/upstreams/shop/10.0.0.5:80\n" CURATOR("1", "80", "443"));
	expect(w, "10.0.0.1:80, 10.0.0.5:80");
	see(w, SHOP("{\"discover\":[{\"path\":\"/c\",\"tls\":\"only\"},{\"path\":\"/s\"}]}"));
	assert_null(model_upstream(w->next, "shop"));
	expect_problem(w, "differs from that of the first");
}

static void tls_is_used_where_the_format_has_one_port(void **state)
{
	struct world *w = *state;

	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\",\"tls\":\"only\"}}")
		       NERVE("a", "10.0.0.1", ""));
	expect(w, "10.0.0.1:80");
	assert_true(model_upstream(w->next, "shop")->tls);
}

#define DUBBO(name, url) "/d/providers/" url "%3A%2F%2F10.0.0." name "%3A80%2FX owner=7\n"

static void only_registrations_of_http_are_used(void **state)
{
	struct world *w = *state;

	see(w, SHOP("{\"discover\":{\"path\":\"/d\",\"format\":\"dubbo\"}}") DUBBO("1", "dubbo")
		       DUBBO("2", "tri"));
	expect(w, "10.0.0.2:80");
	assert_int_equal(w->problems.count, 0);
	see(w, SHOP("{\"discover\":{\"path\":\"/d/providers\",\"format\":\"dubbo\",\"endpoint\":"
		    "\"dubbo\"}}") DUBBO("1", "dubbo") DUBBO("2", "tri"));
	expect(w, "10.0.0.1:80");
	see(w, SHOP("{\"protocol\":\"stream\",\"discover\":{\"path\":\"/d\"}}") DUBBO("1", "dubbo")
		       DUBBO("2", "tri"));
	expect(w, "10.0.0.1:80, 10.0.0.2:80");
	see(w, SHOP("{\"discover\":{\"path\":\"/d\"}}") DUBBO("1", "dubbo"));
	expect(w, "");
	expect_problem(w, "speaks HTTP");
}

static void a_named_endpoint_is_used(void **state)
{
	static const char members[] =
		"/m/member_1 owner=7\n\t{\"serviceEndpoint\":{\"host\":\"10.0.0.1\",\"port\":1},"
		"\"additionalEndpoints\":{\"http\":{\"host\":\"10.0.0.1\",\"port\":8080}}}\n"
		"/m/member_2 owner=7\n\t{\"serviceEndpoint\":{\"host\":\"10.0.0.2\",\"port\":1}}\n"
		"/m/other owner=7\n";
	struct world *w = *state;
	char text[2048];

	snprintf(text, sizeof(text), "%s%s", members, SHOP("{\"discover\":{\"path\":\"/m\"}}"));
	see(w, text);
	expect(w, "10.0.0.1:1, 10.0.0.2:1");
	snprintf(text, sizeof(text), "%s%s", members,
		 SHOP("{\"discover\":{\"path\":\"/m\",\"endpoint\":\"http\"}}"));
	see(w, text);
	expect(w, "10.0.0.1:8080");
	expect_problem(w, "\"member_2\" has no endpoint \"http\"");
}

static void a_named_scheme_is_also_the_one_with_tls(void **state)
{
	struct world *w = *state;

	see(w,
	    SHOP("{\"protocol\":\"stream\",\"discover\":{\"path\":\"/p\",\"format\":\"json\","
		 "\"endpoint\":\"pulsar\",\"tls\":\"only\",\"keys\":{\"url\":\"u\"}}}") "/p/a "
											"owner="
											"7\n\t{"
											"\"u\":["
											"\"pulsar:/"
											"/10.0.0.1:"
											"6650\","
											"\"pulsar+"
											"ssl://"
											"10.0.0.1:"
											"6651\"]}"
											"\n");
	expect(w, "10.0.0.1:6651");
	assert_int_equal(w->problems.count, 0);
	see(w,
	    SHOP("{\"protocol\":\"stream\",\"discover\":{\"path\":\"/p\",\"format\":\"json\","
		 "\"endpoint\":\"pulsar\",\"keys\":{\"url\":\"u\"}}}") "/p/a "
								       "owner=7\n\t{\"u\":\"pulsar+"
								       "ssl://10.0.0.1:6651\"}\n");
	expect(w, "");
}

static void a_url_of_a_scheme_with_tls_alone_has_a_tls_port(void **state)
{
	static const char upstream[] =
		SHOP("{\"protocol\":\"stream\",\"discover\":{\"path\":\"/p\","
		     "\"format\":\"data\",\"tls\":\"only\"}}");
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct world *w = *state;

	see(w, arena_printf(a, "%s/p/a owner=7\n\tgrpcs://10.0.0.1:6651\n", upstream));
	expect(w, "10.0.0.1:6651");
	see(w, arena_printf(a, "%s/p/a owner=7\n\tSASL_SSL://10.0.0.1:6652\n", upstream));
	expect(w, "10.0.0.1:6652");
	assert_int_equal(w->problems.count, 0);
}

static void the_accepted_tree_decodes_to_the_same(void **state)
{
	struct world *w = *state;
	CLEANUP(model_freep) struct model *again = NULL;
	char first[512];

	see(w, SHOP("{\"discover\":[{\"path\":\"/d\"},{\"path\":\"/m\",\"format\":\"serverset\"},"
		    "{\"path\":\"/z/live_nodes\"}]}") DUBBO("1", "tri")
		       DUBBO("2",
			     "tri") "/d/configurators/override%3A%2F%2F10.0.0.2%2FX%3Fweight%3D50\n"
				    "/d/consumers/consumer%3A%2F%2F10.0.0.7%2FX owner=7\n"
				    "/m/member_1 "
				    "owner=7\n\t{\"serviceEndpoint\":{\"host\":\"10.0.1.1\","
				    "\"port\":1}}\n"
				    "/m/"
				    "vector_1\n\t{\"vector\":[{\"select\":\"member=1\",\"weight\":"
				    "0.25}]}\n"
				    "/z/clusterprops.json\n\t{}\n/z/live_nodes/10.0.2.1:8983_solr "
				    "owner=7\n");
	expect(w, "10.0.0.1:80*4, 10.0.0.2:80*2, 10.0.1.1:1, 10.0.2.1:8983*4");
	snprintf(first, sizeof(first), "%s", servers_of(w->next, "shop"));
	apply(w);
	assert_non_null(tree_find(w->accepted, "/m/vector_1"));
	assert_non_null(tree_find(w->accepted, "/z/clusterprops.json"));
	assert_null(tree_find(w->accepted, "/d/consumers/consumer%3A%2F%2F10.0.0.7%2FX"));
	again = compose_accepted(w->accepted, ROOT, &policy, NULL);
	assert_string_equal(servers_of(again, "shop"), first);
}

static void roots_are_what_the_mirror_has_to_watch(void **state)
{
	struct world *w = *state;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct discover_root *roots;
	char text[1024] = "";

	see(w, SHOP("{\"discover\":[{\"path\":\"/d/providers\",\"format\":\"dubbo\"},"
		    "{\"path\":\"/s\",\"format\":\"nerve\"},{\"path\":\"/s\"},"
		    "{\"path\":\"/z/live_nodes\",\"format\":\"solr\"}]}"));
	for (size_t i = 0, n = model_discover_roots(w->next, a, &roots); i < n; i++)
		sprintf(text + strlen(text), "%s %u\n", roots[i].path, roots[i].depth);
	assert_string_equal(text, "/CONFIGS/PARTICIPANT 1\n/clusterprops.json 0\n"
				  "/d/configurators 1\n/d/providers 1\n/s 2\n"
				  "/z/clusterprops.json 0\n/z/live_nodes 1\n");
}

/* --- names ---------------------------------------------------------------------------------- */

static struct name find_name(void *ctx UNUSED, const char *name)
{
	static const char *const two[] = { "10.1.0.1", "2001:db8::1" };
	static const char *const old[] = { "10.1.0.9" };
	static const char *const junk[] = { "0.0.0.0", "x;y", "another-name" };

	if (strcmp(name, "two") == 0)
		return (struct name){ NAME_FOUND, two, 2, NULL };
	if (strcmp(name, "old") == 0)
		return (struct name){ NAME_FAILED, old, 1, "timed out" };
	if (strcmp(name, "junk") == 0)
		return (struct name){ NAME_FOUND, junk, 3, NULL };
	return (struct name){ .state = strcmp(name, "new") == 0 ? NAME_PENDING : NAME_FAILED };
}

static const struct names names = { .find = find_name };

static void names_become_addresses(void **state)
{
	struct world *w = *state;

	w->names = &names;
	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\"}}") NERVE("a", "two", "")
		       NERVE("b", "10.0.0.1", ""));
	expect(w, "10.0.0.1:80, 10.1.0.1:80, [2001:db8::1]:80");
	assert_int_equal(w->problems.count, 0);
	assert_int_equal(w->next->name_count, 1);
	assert_string_equal(w->next->names[0], "two");
}

static void names_that_do_not_resolve_stay_out(void **state)
{
	struct world *w = *state;

	w->names = &names;
	see(w, SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\"}}") NERVE("a", "dead", "")
		       NERVE("b", "old", "") NERVE("c", "new", "") NERVE("d", "junk", ""));
	expect(w, "10.1.0.9:80");
	expect_problem(w, "4 of 4");
	assert_int_equal(w->next->name_count, 4);
	see(w, ROOT "/upstreams/shop\n" ROOT "/upstreams/shop/dead:80\n" ROOT
		    "/upstreams/shop/two:81\n");
	expect(w, "10.1.0.1:81, [2001:db8::1]:81");
	expect_problem(w, "dead, which does not resolve");
}

static void without_a_resolver_names_stand_as_they_are(void **state)
{
	struct world *w = *state;

	see(w,
	    SHOP("{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\"}}") NERVE("a", "dead", ""));
	expect(w, "dead:80");
	assert_int_equal(w->next->name_count, 1);
}

/* --- the policy ----------------------------------------------------------------------------- */

static void wrong_policies_are_problems(void **state)
{
	static const struct {
		const char *discover, *problem;
	} cases[] = {
		{ "7", "expected an object" },
		{ "{}", "is missing" },
		{ "{\"path\":\"services\"}", "absolute path" },
		{ "{\"path\":\"/\"}", "absolute path" },
		{ "{\"path\":\"/a//b\"}", "absolute path" },
		{ "{\"path\":\"/a/\"}", "absolute path" },
		{ "{\"path\":\"/a/../b\"}", "absolute path" },
		{ "{\"path\":\"/a\\\\u0001\"}", "absolute path" },
		{ "{\"path\":\"/nginx/config\"}", "within the config" },
		{ "{\"path\":\"/nginx/config/upstreams/x\"}", "within the config" },
		{ "{\"path\":\"/a\",\"format\":\"consul\"}", "expected \"auto\"" },
		{ "{\"path\":\"/a\",\"tls\":true}", "expected a string" },
		{ "{\"path\":\"/a\",\"tls\":\"maybe\"}", "expected \"never\"" },
		{ "{\"path\":\"/a\",\"down\":\"drain\"}", "expected \"omit\"" },
		{ "{\"path\":\"/a\",\"match\":{\"labels\":{\"a\":1}}}", "expected a string" },
		{ "{\"path\":\"/a\",\"match\":{\"tags\":{}}}", "not a known field" },
		{ "{\"path\":\"/a\",\"keys\":{\"host\":\"h\"}}", "is only for the format" },
		{ "{\"path\":\"/a\",\"format\":\"json\",\"keys\":{\"ip\":\"h\"}}", "known field" },
		{ "{\"path\":\"/a\",\"endpoint\":\"\"}", "is not a name" },
		{ "{\"path\":\"/a\",\"ignore\":[]}", "expected 1 to 64 elements" },
		{ "{\"path\":\"/a\",\"ignore\":[\"a/b\"]}", "name of a child znode" },
		{ "{\"path\":\"/a\",\"ignore\":[7]}", "expected a string" },
		{ "{\"path\":\"/a\",\"format\":\"json\",\"keys\":{\"up\":{\"key\":\"s\"}}}",
		  "is missing" },
		{ "{\"path\":\"/a\",\"format\":\"json\",\"keys\":{\"up\":{\"key\":\"s\",\"is\":"
		  "[{}]}}}",
		  "expected a string" },
		{ "{\"path\":\"/a\",\"formt\":\"nerve\"}", "not a known field" },
	};
	struct world *w = *state;
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), SHOP("{\"discover\":%s}"), cases[i].discover);
		see(w, text);
		assert_null(model_upstream(w->next, "shop"));
		expect_problem(w, cases[i].problem);
	}
	see(w, SHOP("{\"discover\":{\"path\":\"/nginx/configured\"}}"));
	assert_int_equal(w->problems.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(registrations_and_own_servers_are_one_list),
		TEST(a_path_that_is_not_there_is_no_servers),
		TEST(bad_registrations_are_one_problem_and_affect_no_other),
		TEST(a_registration_keeps_its_last_good_form),
		TEST(weights_are_scaled_and_reduced),
		TEST(down_is_left_out_or_shown),
		cmocka_unit_test_setup_teardown(an_upstream_without_a_server_says_why,
						setup_guarded, teardown),
		TEST(a_foreign_child_is_no_problem),
		TEST(a_registration_that_turns_into_something_else_is_a_problem),
		TEST(children_are_ignored_by_name),
		TEST(several_registrations_in_one_znode_are_several_servers),
		TEST(upstreams_that_differ_in_case_alone_clash),
		TEST(labels_select_registrations),
		TEST(of_equal_addresses_the_last_registration_stays),
		TEST(tls_is_never_mixed),
		TEST(tls_is_used_where_the_format_has_one_port),
		TEST(only_registrations_of_http_are_used),
		TEST(a_named_endpoint_is_used),
		TEST(a_named_scheme_is_also_the_one_with_tls),
		TEST(a_url_of_a_scheme_with_tls_alone_has_a_tls_port),
		TEST(the_accepted_tree_decodes_to_the_same),
		TEST(roots_are_what_the_mirror_has_to_watch),
		TEST(names_become_addresses),
		TEST(names_that_do_not_resolve_stay_out),
		TEST(without_a_resolver_names_stand_as_they_are),
		TEST(wrong_policies_are_problems),
	};

	return cmocka_run_group_tests_name("discover", tests, NULL, NULL);
}
