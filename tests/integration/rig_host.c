/* A whole host for the integration tests: see rig_host.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig_host.h"

static const char *binary(void)
{
	return getenv("ZKNGINXD") ?: "build/zknginxd";
}

void rig_host_init_at(struct rig_host *h, const char *name, struct rig_zookeeper *z)
{
	*h = (struct rig_host){ .zookeeper = z, .name = name };
	rig_nginx_init(&h->nginx, name);
	h->settings = rig_path("%s.zknginxd.conf", name);
	h->log = rig_path("%s.zknginxd.log", name);
	h->zk = rig_zk_connect(rig_zookeeper_hosts(z));
	rig_host_settings(h, NULL);
}

void rig_host_init(struct rig_host *h, const char *name)
{
	rig_host_init_at(h, name, rig_zookeeper_start(NULL));
}

void rig_host_fini(struct rig_host *h)
{
	if (h->daemon)
		rig_host_stop_daemon(h, SIGKILL);
	rig_nginx_stop(&h->nginx);
	rig_zk_close(h->zk);
	rig_zookeeper_stop(h->zookeeper);
}

void rig_host_settings(struct rig_host *h, const char *more)
{
	rig_write(h->settings,
		  "zookeeper: { hosts = \"%s\"; session_timeout = \"%s\"; %s };\n"
		  "nginx: { config = \"%s\"; pid = \"%s\"; log_directory = \"%s\";\n"
		  "         reload_gap = \"100ms\"; %s };\n"
		  "state: { directory = \"%s\"; %s };\n"
		  "cluster: { host = \"%s\"; };\n"
		  "snippets: { roots = [ \"%s\", \"/srv\" ]; };\n%s\n",
		  h->hosts ?: rig_zookeeper_hosts(h->zookeeper), h->session_timeout ?: "4s",
		  h->zookeeper_settings ?: "", h->nginx.config, h->nginx.pid_file,
		  h->nginx.log_directory, h->nginx_settings ?: "", h->nginx.state,
		  h->state_settings ?: "", h->name, rig_directory(), more ?: "");
}

static const char *status_path(const struct rig_host *h)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/status.json", h->nginx.state);
	return path;
}

void rig_host_start_daemon(struct rig_host *h)
{
	char *argv[] = { (char *)binary(), "-c", h->settings, NULL };

	setenv("RUNTIME_DIRECTORY", rig_path("%s.run", h->name), 1);
	if (stat(status_path(h), &h->left_behind) < 0)
		h->left_behind = (struct stat){ 0 };
	h->daemon = rig_start(h->log, argv);
}

void rig_host_start(struct rig_host *h)
{
	rig_host_start_daemon(h);
	/* the daemon creates the files that nginx.conf includes */
	eventually(NULL, rig_host_live(h, "http.conf"));
	if (!h->nginx.pid)
		rig_nginx_start(&h->nginx);
	eventually(NULL, rig_host_status(h) && rig_host_is_quiet(h));
}

int rig_host_stop_daemon(struct rig_host *h, int signal)
{
	int status = rig_stop(h->daemon, signal);

	h->daemon = 0;
	return status;
}

int rig_host_run(struct rig_host *h, char **output, const char *argument, ...)
{
	char *argv[16] = { (char *)binary(), "-c", h->settings };
	size_t count = 3;
	va_list args;

	va_start(args, argument);
	for (const char *a = argument; a && count < 15; a = va_arg(args, const char *))
		argv[count++] = (char *)a;
	va_end(args);
	return rig_run(output, argv);
}

/* Is the file that of an earlier daemon? Each report is a new file. */
static bool is_left_behind(const struct rig_host *h, int fd)
{
	const struct stat *left = &h->left_behind;
	struct stat st;

	return h->daemon && fstat(fd, &st) == 0 && st.st_ino == left->st_ino &&
	       st.st_ctim.tv_sec == left->st_ctim.tv_sec &&
	       st.st_ctim.tv_nsec == left->st_ctim.tv_nsec;
}

/* Many tests wait for the status: it is read at once, while json_loadfd() makes a system call for
 * each byte. */
json_t *rig_host_status(struct rig_host *h)
{
	static json_t *last;
	static char *text;
	static size_t room;
	FILE *f = fopen(status_path(h), "re");
	ssize_t size = -1;

	json_decref(last);
	if (f && !is_left_behind(h, fileno(f)))
		size = getdelim(&text, &room, '\0', f);
	last = size > 0 ? json_loadb(text, (size_t)size, 0, NULL) : NULL;
	if (f)
		fclose(f);
	return last;
}

static json_t *follow(json_t *at, const char *path)
{
	char part[64];

	while (at && *path) {
		size_t size = strcspn(path, ".");

		snprintf(part, sizeof(part), "%.*s", (int)size, path);
		at = json_object_get(at, part);
		path += size + (path[size] == '.');
	}
	return at;
}

static json_t *lookup(struct rig_host *h, const char *path)
{
	return follow(rig_host_status(h), path);
}

const char *rig_host_status_text(struct rig_host *h, const char *path)
{
	static char texts[8][256]; /* so that two can be compared */
	static unsigned turn;
	char *text = texts[turn++ % ARRAY_SIZE(texts)];

	snprintf(text, sizeof(texts[0]), "%s", json_string_value(lookup(h, path)) ?: "");
	return text;
}

long rig_host_status_number(struct rig_host *h, const char *path)
{
	return (long)json_number_value(lookup(h, path));
}

/* The number in STATE/live -> generations/N. */
static long live_generation(const struct rig_host *h)
{
	char path[512], target[64];
	ssize_t size;

	snprintf(path, sizeof(path), "%s/live", h->nginx.state);
	size = readlink(path, target, sizeof(target) - 1);
	if (size < 0)
		return -1;
	target[size] = '\0';
	return strtol(strrchr(target, '/') ? strrchr(target, '/') + 1 : target, NULL, 10);
}

/* The state in this status, "" where it is not that of the generation that is live now. */
static const char *state_in(const struct rig_host *h, json_t *status)
{
	if (json_number_value(follow(status, "generation")) != (double)live_generation(h))
		return "";
	return json_string_value(follow(status, "state")) ?: "";
}

bool rig_host_is(struct rig_host *h, const char *state)
{
	return strcmp(state_in(h, rig_host_status(h)), state) == 0;
}

bool rig_host_is_quiet(struct rig_host *h)
{
	static const char *const quiet[] = { "applied", "degraded", "held", "rejected" };
	const char *state = state_in(h, rig_host_status(h));
	bool is = false;

	for (size_t i = 0; i < ARRAY_SIZE(quiet); i++)
		is = is || strcmp(state, quiet[i]) == 0;
	return is;
}

bool rig_host_is_with(struct rig_host *h, const char *state, size_t problems)
{
	json_t *status = rig_host_status(h);

	return strcmp(state_in(h, status), state) == 0 &&
	       json_array_size(follow(status, "problems")) == problems;
}

static bool says(json_t *problem, const char *field, const char *text)
{
	return strcmp(json_string_value(json_object_get(problem, field)) ?: "", text) == 0;
}

bool rig_host_has_problem(struct rig_host *h, const char *znode, const char *kind,
			  const char *serving, const char *words)
{
	json_t *problems = lookup(h, "problems"), *p;
	size_t i;

	json_array_foreach(problems, i, p)
	{
		const char *message = json_string_value(json_object_get(p, "message")) ?: "";
		const char *field = json_string_value(json_object_get(p, "field")) ?: "";

		if (says(p, "znode", znode) && says(p, "kind", kind) &&
		    says(p, "serving", serving) && (strstr(message, words) || strstr(field, words)))
			return true;
	}
	return false;
}

bool rig_host_has_alert(struct rig_host *h, const char *key)
{
	json_t *alerts = json_object_get(rig_host_status(h), "alerts"), *a;
	size_t i;

	json_array_foreach(alerts, i, a)
	{
		if (strcmp(json_string_value(json_object_get(a, "key")) ?: "", key) == 0)
			return true;
	}
	return false;
}

size_t rig_host_problem_count(struct rig_host *h)
{
	return json_array_size(lookup(h, "problems"));
}

void rig_host_set_site(struct rig_host *h, int port, const char *text)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"listen\":[\"127.0.0.1:%d\"],\"locations\":[{\"path\":\"/\",\"return\":"
		 "{\"status\":200,\"text\":\"%s\"}}]}",
		 port, text);
	rig_zk_set(h->zk, "/nginx/config/sites/s", json);
}

void rig_host_assert_no_problems(struct rig_host *h)
{
	const char *log;

	if (rig_host_problem_count(h) == 0)
		return;
	log = rig_read(h->log);
	fail_msg("%s has problems: %s; its log ends:\n%s", h->name,
		 json_dumps(lookup(h, "problems"), JSON_INDENT(2)),
		 log && strlen(log) > 4000 ? log + strlen(log) - 4000 : log);
}

const char *rig_host_live(struct rig_host *h, const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/live/%s", h->nginx.state, file);
	return rig_read(path);
}
