/*
 * TLS between the daemon and ZooKeeper, on a real server with a secure port (Netty): server and
 * client certificates, ACLs of the client's certificate, renewed files, and each way it fails.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rig_authority.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"
#define MEMBER "/nginx/cluster/members/web1"
#define NETTY                                                                                      \
	"/usr/share/java/netty-codec.jar:/usr/share/java/netty-resolver.jar:"                      \
	"/usr/share/java/netty-common.jar:/usr/share/java/netty-handler.jar:"                      \
	"/usr/share/java/netty-buffer.jar:/usr/share/java/netty-transport.jar"

static struct rig_host host;
static int port, secure;
static char hosts[64];

static struct rig_zookeeper *start_server(const char *certificate)
{
	char settings[2048];

	snprintf(settings, sizeof(settings),
		 "secureClientPort=%d\n"
		 "secureClientPortAddress=127.0.0.1\n"
		 "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n"
		 "authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider\n"
		 "ssl.keyStore.location=%s\nssl.keyStore.password=changeit\n"
		 "ssl.keyStore.type=PKCS12\n"
		 "ssl.trustStore.location=%s\nssl.trustStore.password=changeit\n"
		 "ssl.trustStore.type=PKCS12\nssl.hostnameVerification=false\n"
		 "ssl.clientHostnameVerification=false\n",
		 secure, rig_path("%s.p12", certificate), rig_path("%s.p12", "authority"));
	return rig_zookeeper_start(
		&(struct rig_zookeeper_options){ .settings = settings, .class_path = NETTY });
}

/* The settings of the daemon, with this in the group zookeeper.tls. */
static void set_tls(const char *tls)
{
	char more[2048];

	snprintf(more, sizeof(more), "alerts: { raise_after = \"100ms\"; };");
	host.zookeeper_settings = tls;
	rig_host_settings(&host, more);
}

static char *tls_group(const char *ca, const char *certificate, const char *more)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		 "tls: { ca = \"%s\"; certificate = \"%s\"; key = \"%s\"; %s };",
		 rig_path("%s.crt", ca), rig_path("%s.crt", certificate),
		 rig_path("%s.key", certificate), more);
	return text;
}

static int setup(void **state UNUSED)
{
	rig_authority("authority");
	rig_authority("stranger");
	rig_authority_sign("server", "authority", "DNS:localhost,IP:127.0.0.1", 30);
	rig_authority_sign("other", "authority", "DNS:other.example.com", 30);
	rig_authority_sign("old", "authority", "DNS:localhost,IP:127.0.0.1", -1);
	rig_authority_sign("client", "authority", "DNS:web1", 30);
	rig_authority_sign("second", "authority", "DNS:web1", 30);
	rig_authority_sign("forged", "stranger", "DNS:web1", 30);
	rig_trust_store("authority");
	secure = rig_port();
	snprintf(hosts, sizeof(hosts), "localhost:%d", secure);
	rig_host_init_at(&host, "web1", start_server("server"));
	host.hosts = hosts;
	port = rig_port();
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

static int begin(void **state UNUSED)
{
	host.hosts = hosts;
	rig_host_set_site(&host, port, "over tls");
	set_tls(tls_group("authority", "client", ""));
	return 0;
}

static int end(void **state UNUSED)
{
	if (host.daemon)
		rig_host_stop_daemon(&host, SIGKILL);
	return 0;
}

static const char *alert_message(const char *key)
{
	json_t *alerts = json_object_get(rig_host_status(&host), "alerts"), *alert;
	size_t i;

	json_array_foreach(alerts, i, alert)
	{
		if (strcmp(json_string_value(json_object_get(alert, "key")), key) == 0)
			return json_string_value(json_object_get(alert, "message"));
	}
	return "";
}

static void the_daemon_works_over_tls(void **state UNUSED)
{
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "over tls"));
	eventually(NULL, rig_zk_exists(host.zk, MEMBER));
	rig_host_set_site(&host, port, "edited");
	eventually(NULL, rig_nginx_says(port, "edited"));
}

/* What the daemon creates belongs to the certificate's subject. */
static void a_certificate_is_an_identity(void **state UNUSED)
{
	rig_host_start(&host);
	eventually(NULL, rig_zk_exists(host.zk, MEMBER));
	assert_false(rig_zk_may_read(host.zk, MEMBER));
}

/* The name of the certificate is neither the host's nor an alternative one. */
static void a_name_of_the_settings_takes_the_hosts_place(void **state UNUSED)
{
	rig_zookeeper_stop(host.zookeeper);
	host.zookeeper = start_server("other");
	rig_zk_close(host.zk);
	host.zk = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
	begin(NULL);
	rig_host_start_daemon(&host);
	eventually(NULL,
		   rig_host_status(&host) && strstr(alert_message("zookeeper-distrusted"),
						    "has a certificate that is not for localhost"));
	rig_host_stop_daemon(&host, SIGKILL);
	set_tls(tls_group("authority", "client", "server_name = \"other.example.com\";"));
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "over tls"));
	rig_host_stop_daemon(&host, SIGKILL);
	set_tls(tls_group("authority", "client", "verify = \"chain\";"));
	rig_host_set_site(&host, port, "without the name");
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "without the name"));
}

static void an_authority_that_is_not_known_is_named(void **state UNUSED)
{
	set_tls(tls_group("stranger", "client", ""));
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_status(&host) && strstr(alert_message("zookeeper-distrusted"),
							  "an authority that is not in"));
	eventually(NULL, !rig_zk_exists(host.zk, MEMBER));
}

static void the_plain_port_is_recognized(void **state UNUSED)
{
	static char plain[64];

	snprintf(plain, sizeof(plain), "%s", rig_zookeeper_hosts(host.zookeeper));
	host.hosts = plain;
	set_tls(tls_group("authority", "client", ""));
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_status(&host) && strstr(alert_message("zookeeper-distrusted"),
							  "does not speak TLS"));
}

static void a_client_certificate_that_is_refused_is_said(void **state UNUSED)
{
	set_tls(tls_group("authority", "forged", ""));
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_status(&host) && *alert_message("zookeeper-distrusted"));
	eventually(NULL, !rig_zk_exists(host.zk, MEMBER));
}

static void files_that_cannot_be_used_end_the_start(void **state UNUSED)
{
	char *output;

	chmod(rig_path("client.key"), 0644);
	assert_int_not_equal(rig_host_run(&host, &output, "--once", NULL), 0);
	chmod(rig_path("client.key"), 0600);
	set_tls(tls_group("nosuch", "client", ""));
	assert_int_not_equal(rig_host_run(&host, &output, "--once", NULL), 0);
}

/* A copy over the old files, as a renewal does it. */
static void use_files_of(const char *name)
{
	char *cp[] = { "cp", rig_path("%s.crt", name), rig_path("live.crt"), NULL };
	char *key[] = { "cp", "-p", rig_path("%s.key", name), rig_path("live.key"), NULL };

	assert_int_equal(rig_run(NULL, cp), 0);
	assert_int_equal(rig_run(NULL, key), 0);
}

static void renewed_files_are_used_without_a_restart(void **state UNUSED)
{
	use_files_of("forged");
	set_tls(tls_group("authority", "live", ""));
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_status(&host) && *alert_message("zookeeper-distrusted"));
	use_files_of("second");
	eventually(NULL, rig_nginx_says(port, "over tls"));
	eventually(NULL, rig_zk_exists(host.zk, MEMBER));
}

int main(void)
{
#define TLS_TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TLS_TEST(the_daemon_works_over_tls),
		TLS_TEST(a_certificate_is_an_identity),
		TLS_TEST(an_authority_that_is_not_known_is_named),
		TLS_TEST(the_plain_port_is_recognized),
		TLS_TEST(a_client_certificate_that_is_refused_is_said),
		TLS_TEST(files_that_cannot_be_used_end_the_start),
		TLS_TEST(renewed_files_are_used_without_a_restart),
		TLS_TEST(a_name_of_the_settings_takes_the_hosts_place),
	};

	return cmocka_run_group_tests_name("tls", tests, setup, teardown);
}
