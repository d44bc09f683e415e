/* Texts with the paths of the settings in them. */
#include <string.h>

#include "hints.h"
#include "zk/resolver.h"

#define ZKCLI "/usr/share/zookeeper/bin/zkCli.sh"

const char *hint_include(struct arena *a, const struct settings *s)
{
	return arena_printf(
		a,
		"    worker_shutdown_timeout 10m;   # at the top level; ends workers of old "
		"generations\n"
		"    http {\n"
		"        include %s/live/http.conf;\n"
		"    }\n"
		"    stream {                       # only with the stream module\n"
		"        include %s/live/stream.conf;\n"
		"    }\n",
		s->state.directory, s->state.directory);
}

/* The server that is listed first, without the chroot. */
static const char *first_server(struct arena *a, const char *hosts)
{
	return arena_copy(a, hosts, strcspn(hosts, ",/"));
}

/* The znode above both roots ("/nginx"), or the config root where they have none in common. */
static const char *common_root(struct arena *a, const struct zookeeper_settings *z)
{
	size_t size = 1 + strcspn(z->config + 1, "/");

	if (strncmp(z->config, z->cluster, size) == 0 && z->cluster[size] == '/')
		return arena_copy(a, z->config, size);
	return z->config;
}

const char *hint_acl(struct arena *a, const struct zookeeper_settings *z)
{
	const char *first = "";

	if (!*z->auth_file && !(*z->tls.ca && *z->tls.certificate))
		first = arena_printf(
			a,
			"  1. Write the line \"digest USER:PASSWORD\" to a file of root with mode "
			"0600. Name the file in\n     zookeeper.auth_file on each host, and "
			"restart zknginxd.\n");
	return arena_printf(a,
			    "To protect them:\n%s  %s In " ZKCLI " -server %s:\n"
			    "       addauth digest USER:PASSWORD\n       setAcl -R %s auth::cdrwa",
			    first, *first ? "2." : "1.", first_server(a, z->hosts),
			    common_root(a, z));
}

const char *hint_chroot(struct arena *a, const char *hosts)
{
	const char *chroot = hosts_chroot(hosts), *server = first_server(a, hosts);
	const char *commands = "";

	for (const char *slash = strchr(chroot + 1, '/');; slash = strchr(slash + 1, '/')) {
		const char *path = slash ? arena_copy(a, chroot, (size_t)(slash - chroot)) : chroot;

		commands = arena_printf(a, "%s\n    " ZKCLI " -server %s create %s", commands,
					server, path);
		if (!slash)
			break;
	}
	return arena_printf(a,
			    "the chroot %s of zookeeper.hosts does not exist. Create it once, "
			    "through a server without the chroot:%s",
			    chroot, commands);
}

const char *hint_credentials(struct arena *a, const struct zookeeper_settings *z)
{
	if (!*z->auth_file)
		return "the znode above it is protected by an ACL. Set zookeeper.auth_file";
	return arena_printf(a,
			    "the znode above it is protected by an ACL, and the credentials in %s "
			    "give no right to it",
			    z->auth_file);
}
