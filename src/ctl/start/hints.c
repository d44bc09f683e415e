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

static bool has_password(const struct zookeeper_settings *z)
{
	return *z->auth_file;
}

static bool has_credentials(const struct zookeeper_settings *z)
{
	return has_password(z) || (*z->tls.ca && *z->tls.certificate);
}

/* ",SCHEME:ID:cdrwa" of each; *comma: an identity has one. */
static const char *grants(struct arena *a, const char *const *identities, bool *comma)
{
	const char *text = "";

	for (; identities && *identities; identities++) {
		text = arena_printf(a, "%s,%s:cdrwa", text, *identities);
		*comma = *comma || strchr(*identities, ',');
	}
	return text;
}

/* The rights of operators differ below the cluster, where the leader repairs what is open. */
static const char *set_acl(struct arena *a, const struct zookeeper_settings *z)
{
	bool comma = false;
	const char *others = arena_printf(a, "%s%s", grants(a, z->daemons, &comma),
					  grants(a, z->operators, &comma));

	if (!*others)
		return arena_printf(a, "       setAcl -R %s auth::cdrwa", common_root(a, z));
	return arena_printf(a,
			    "       setAcl -R %s auth::cdrwa%s\n"
			    "     The leader repairs the ACLs below %s, when each daemon has "
			    "credentials.%s",
			    z->config, others, z->cluster,
			    comma ? "\n     zkCli.sh takes no identity with a comma: delete the "
				    "znodes and create them again with zknginxctl instead."
				  : "");
}

const char *hint_acl(struct arena *a, const struct zookeeper_settings *z)
{
	const char *first = "";

	if (!has_credentials(z))
		first = "  1. Write the line \"digest USER:PASSWORD\" to a file of root with mode "
			"0600. Name the file in\n     zookeeper.auth_file on each host, and "
			"restart zknginxd.\n";
	return arena_printf(
		a, "To protect them:\n%s  %s In " ZKCLI " -server %s%s:\n%s%s", first,
		*first ? "2." : "1.", first_server(a, z->hosts),
		has_password(z) || *first ? "" : ", with the certificate of zookeeper.tls",
		has_password(z) || *first ? "       addauth digest USER:PASSWORD\n" : "",
		set_acl(a, z));
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
