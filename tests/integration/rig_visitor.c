/* See rig_visitor.h. Both processes share the memory of the counts. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_nginx.h"
#include "rig_visitor.h"

struct rig_visitor {
	_Atomic unsigned long good, bad;
	char first_bad[256];
	pid_t pid;
	int port;
	bool tls;
	char host[128], body[128];
};

static bool ask_by_tls(const struct rig_visitor *v, char *got, size_t room)
{
	char url[64], header[160], *output;
	char *argv[] = { "curl", "-sk", "--max-time", "60", "-H", header, url, NULL };
	int rc;

	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", v->port);
	snprintf(header, sizeof(header), "Host: %s", v->host);
	rc = rig_run(&output, argv);
	snprintf(got, room, "%s", output);
	return rc == 0;
}

static bool ask(const struct rig_visitor *v, char *got, size_t room)
{
	const char *body = NULL;
	int status;

	if (v->tls)
		return ask_by_tls(v, got, room);
	status = rig_nginx_get(v->port, "/", v->host, &body);
	snprintf(got, room, "%s", body ? body : "");
	return status == 200;
}

static void visit(struct rig_visitor *v)
{
	char got[128];

	rig_nginx_be_patient();
	for (;;) {
		uint64_t began = rig_now();
		bool fine = ask(v, got, sizeof(got)) && strcmp(got, v->body) == 0;

		if (!fine && !v->bad)
			snprintf(v->first_bad, sizeof(v->first_bad), "\"%s\" after %.1f s", got,
				 (double)(rig_now() - began) / (double)USEC_PER_SEC);
		if (fine)
			v->good++;
		else
			v->bad++;
		rig_pause(NULL);
	}
}

struct rig_visitor *rig_visitor_start(int port, bool tls, const char *host, const char *body)
{
	pid_t parent = getpid(), pid;
	struct rig_visitor *v =
		mmap(NULL, sizeof(*v), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (v == MAP_FAILED)
		die("mmap: %m");
	v->port = port;
	v->tls = tls;
	snprintf(v->host, sizeof(v->host), "%s", host);
	snprintf(v->body, sizeof(v->body), "%s", body);
	pid = fork();
	if (pid < 0)
		die("fork: %m");
	if (pid > 0) {
		v->pid = pid;
		return v;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		visit(v);
	_exit(127);
}

unsigned long rig_visitor_count(const struct rig_visitor *v)
{
	return v->good + v->bad;
}

void rig_visitor_stop(struct rig_visitor *v)
{
	rig_stop(v->pid, SIGKILL);
	if (v->bad || !v->good)
		fail_msg("%lu of %lu answers were wrong, the first: %s", (unsigned long)v->bad,
			 rig_visitor_count(v), v->first_bad);
	munmap(v, sizeof(*v));
}
