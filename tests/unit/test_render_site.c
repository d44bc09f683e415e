/* Render: a site's server blocks. */
#include "render_models.h"

static void a_site_has_its_settings(void **state UNUSED)
{
	struct site s = site("shop", NULL, 0);
	const char *names[] = { "shop.example.com", "*.shop.example.com" };
	CLEANUP(bundle_unrefp) struct bundle *a = NULL;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	s.server_names = names;
	s.server_name_count = 2;
	s.gzip = 1;
	s.client_max_body_size = "10m";
	s.access_log = "shop";
	a = of_site(&s);
	assert_has(http(a), "\n# /s/site\n"
			    "server {\n"
			    "    listen 80;\n"
			    "    server_name shop.example.com *.shop.example.com;\n"
			    "    client_max_body_size 10m;\n"
			    "    access_log /var/log/nginx/shop.access.log;\n"
			    "    gzip on;\n");
	assert_has_not(http(a), "ssl_");
	s.gzip = 0;
	s.access_log = "off";
	b = of_site(&s);
	assert_has(http(b), "    access_log off;\n    gzip off;\n}\n");
}

static struct site tls_site(struct listen *listens, size_t count)
{
	struct site s = site("shop", NULL, 0);

	s.listens = listens;
	s.listen_count = count;
	s.certificate = "/etc/ssl/shop.crt";
	s.key = "/etc/ssl/private/shop.key";
	return s;
}

static void tls_without_redirect_is_one_server(void **state UNUSED)
{
	struct listen listens[] = { { "80", "", false }, { "443", "ssl http2", true } };
	struct site s = tls_site(listens, 2);
	CLEANUP(bundle_unrefp) struct bundle *b = of_site(&s);

	assert_has(http(b), "server {\n"
			    "    listen 80;\n"
			    "    listen 443 ssl http2;\n"
			    "    ssl_certificate /etc/ssl/shop.crt;\n"
			    "    ssl_certificate_key /etc/ssl/private/shop.key;\n"
			    "    ssl_protocols TLSv1.2 TLSv1.3;\n");
	assert_has_not(http(b), "return");
}

static void a_redirect_takes_the_plain_listens(void **state UNUSED)
{
	struct listen listens[] = { { "8080", "default_server", false },
				    { "8443", "ssl default_server", true } };
	struct site s = tls_site(listens, 2);
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	s.redirect_http = true;
	b = of_site(&s);
	assert_has(http(b), "server {\n    listen 8443 ssl default_server;\n    ssl_cert");
	assert_has(http(b), "\nserver {\n"
			    "    listen 8080 default_server;\n"
			    "    return 301 https://$host:8443$request_uri;\n"
			    "}\n");
}

static void a_redirect_without_a_plain_listen_gets_port_80(void **state UNUSED)
{
	static const struct {
		struct listen listens[3];
		size_t count;
		const char *expected;
	} cases[] = {
		{ { { "443", "ssl", true } }, 1, "    listen 80;\n    return" },
		{ { { "443", "ssl", true }, { "[::]:443", "ssl", true } },
		  2,
		  "    listen 80;\n    listen [::]:80;\n    return" },
		{ { { "*:443", "ssl", true }, { "8443", "ssl", true } },
		  2,
		  "    listen 80;\n    return" },
		{ { { "10.0.0.1:443", "ssl", true }, { "10.0.0.11:443", "ssl", true } },
		  2,
		  "    listen 10.0.0.1:80;\n    listen 10.0.0.11:80;\n    return" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct listen listens[3];
		struct site s = tls_site(listens, cases[i].count);
		CLEANUP(bundle_unrefp) struct bundle *b = NULL;

		memcpy(listens, cases[i].listens, sizeof(listens));
		s.redirect_http = true;
		b = of_site(&s);
		assert_has(http(b), cases[i].expected);
		assert_has(http(b), "    return 301 https://$host$request_uri;\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_site_has_its_settings),
		cmocka_unit_test(tls_without_redirect_is_one_server),
		cmocka_unit_test(a_redirect_takes_the_plain_listens),
		cmocka_unit_test(a_redirect_without_a_plain_listen_gets_port_80),
	};

	return cmocka_run_group_tests_name("render_site", tests, NULL, NULL);
}
