/* See rig_newer.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig.h"
#include "rig_newer.h"

#define BINARY "/usr/sbin/nginx"
#define STREAM_MODULE "/usr/lib/nginx/modules/ngx_stream_module.so"
#define LOADER "/lib64/ld-linux-x86-64.so.2"
#define LIBRARIES "/usr/lib/x86_64-linux-gnu"

/* 0: it cannot be run, or is no nginx. */
static unsigned ask_version(const struct rig_program *p)
{
	char *argv[ARRAY_SIZE(p->words) + 1] = { NULL };
	static const char mark[] = "nginx version: nginx/";
	unsigned major, minor, patch;
	char *output, *at;
	size_t n = 0;

	for (; p->words[n]; n++)
		argv[n] = p->words[n];
	argv[n] = (char[]){ "-v" };
	if (rig_run(&output, argv) != 0)
		return 0;
	at = strstr(output, mark);
	/* NOLINTNEXTLINE(cert-err34-c): a wrong number is a version that no test expects */
	if (!at || sscanf(at + strlen(mark), "%u.%u.%u", &major, &minor, &patch) != 3)
		return 0;
	return major * 1000000 + minor * 1000 + patch;
}

struct rig_program rig_installed_nginx(void)
{
	struct rig_program p = { .words = { rig_text(BINARY) },
				 .stream_module = rig_text(STREAM_MODULE) };

	p.version = ask_version(&p);
	return p;
}

/* A program of another system needs the libraries of that one, and so its loader. */
static struct rig_program of_system(const char *root)
{
	return (struct rig_program){
		.words = { rig_text("%s" LOADER, root), rig_text("--library-path"),
			   rig_text("%s" LIBRARIES, root), rig_text("%s" BINARY, root) },
		.stream_module = rig_text("%s" STREAM_MODULE, root),
	};
}

static struct rig_program named(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return of_system(path);
	return (struct rig_program){ .words = { rig_text("%s", path) },
				     .stream_module = rig_text(STREAM_MODULE) };
}

bool rig_newer_nginx(struct rig_program *out, const char **why)
{
	const char *path = getenv("NGINX_NEWER");

	*out = rig_installed_nginx();
	if (path && *path) {
		*out = named(path);
		out->version = ask_version(out);
		if (out->version < RIG_NEWER_LEAST)
			die("NGINX_NEWER=%s is no nginx 1.25.1 or later", path);
	}
	*why = rig_text("nginx %u.%u.%u is installed, and NGINX_NEWER names no later one",
			out->version / 1000000, out->version / 1000 % 1000, out->version % 1000);
	return out->version >= RIG_NEWER_LEAST;
}
