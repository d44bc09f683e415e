/* See invariants.h. It reads what others write at the same time: a look during which the live
 * generation changed says nothing. */
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/digest.h>
#include <zknginx/err.h>

#include "invariants.h"

#define INTERVAL_MS 20
#define GENERATIONS_MOST 16
/* Old workers answer for a moment after the new ones do. */
#define STALE_MOST (3 * USEC_PER_SEC)
#define OWN_ANSWER "rig" /* of the server in nginx.conf itself */

struct invariants {
	atomic_ulong looks;
	atomic_bool broken, emerg_allowed;
	char text[256];
	pid_t pid;
	int port;
	char state[256], error_log[256];
	long log_read; /* so much of nginx's log was looked at */
	uint64_t
		stale; /* since when nginx answers something else than is applied; 0: it does not */
};

struct file {
	char *bytes;
	size_t size;
};

static void free_file(struct file *f)
{
	free(f->bytes);
	*f = (struct file){ 0 };
}

static struct file read_file(const char *directory, const char *name)
{
	char path[600];
	struct file f = { 0 };
	struct stat st;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	in = fopen(path, "re");
	if (!in)
		return f;
	if (fstat(fileno(in), &st) == 0) {
		f.bytes = xcalloc(1, (size_t)st.st_size + 1);
		f.size = fread(f.bytes, 1, (size_t)st.st_size, in);
	}
	fclose(in);
	return f;
}

static void breaks(struct invariants *v, const char *fmt, ...) PRINTF(2, 3);
static void breaks(struct invariants *v, const char *fmt, ...)
{
	va_list args;

	if (v->broken)
		return;
	va_start(args, fmt);
	vsnprintf(v->text, sizeof(v->text), fmt, args);
	va_end(args);
	v->broken = true;
}

/* "generations/7" */
static void read_live(const struct invariants *v, char *out, size_t room)
{
	char path[300];
	ssize_t size;

	snprintf(path, sizeof(path), "%s/live", v->state);
	size = readlink(path, out, room - 1);
	out[size > 0 ? size : 0] = '\0';
}

/* --- I2 --------------------------------------------------------------------------------------- */

static bool has_digest(const struct file *f, const char *hex)
{
	struct digest d;
	char text[DIGEST_HEX_SIZE];

	if (!f->bytes)
		return false;
	d = digest_of(f->bytes, f->size);
	digest_hex(&d, text);
	return hex && strcmp(hex, text) == 0;
}

static const char *wrong_file(const char *directory)
{
	static const char *const names[] = { "http.conf", "stream.conf" };
	struct file manifest = read_file(directory, "manifest.json");
	json_t *json = manifest.bytes ? json_loadb(manifest.bytes, manifest.size, 0, NULL) : NULL;
	const char *wrong = json ? NULL : "manifest.json";

	for (size_t i = 0; json && !wrong && i < ARRAY_SIZE(names); i++) {
		struct file f = read_file(directory, names[i]);
		json_t *entry = json_object_get(json_object_get(json, "files"), names[i]);

		if (!has_digest(&f, json_string_value(json_object_get(entry, "sha256"))))
			wrong = names[i];
		free_file(&f);
	}
	json_decref(json);
	free_file(&manifest);
	return wrong;
}

/* nginx.conf includes the files of an empty first generation, which has no manifest. */
static bool is_first(const char *live)
{
	return strcmp(live, "generations/0") == 0;
}

static void look_at_files(struct invariants *v, const char *live)
{
	char directory[512], again[64];
	const char *wrong;

	snprintf(directory, sizeof(directory), "%s/%s", v->state, live);
	wrong = !*live ? "live" : is_first(live) ? NULL : wrong_file(directory);
	read_live(v, again, sizeof(again));
	if (wrong && strcmp(again, live) == 0)
		breaks(v, "I2: %s/%s is not as its manifest says", live, wrong);
}

/* --- I4 --------------------------------------------------------------------------------------- */

static long applied_generation(const struct invariants *v)
{
	struct file f = read_file(v->state, "status.json");
	json_t *json = f.bytes ? json_loadb(f.bytes, f.size, 0, NULL) : NULL;
	const char *state = json_string_value(json_object_get(json, "state"));
	long n = -1;

	if (state && strcmp(state, "applied") == 0)
		n = (long)json_integer_value(json_object_get(json, "generation"));
	json_decref(json);
	free_file(&f);
	return n;
}

static bool is_in_files(const struct invariants *v, const char *live, const char *body)
{
	char directory[512];
	struct file f;
	bool found;

	snprintf(directory, sizeof(directory), "%s/%s", v->state, live);
	f = read_file(directory, "http.conf");
	found = f.bytes && strstr(f.bytes, body);
	free_file(&f);
	return found;
}

static void look_at_status(struct invariants *v, const char *live)
{
	long before = applied_generation(v), number = -1;
	const char *body;
	char again[64];
	int status = rig_nginx_get(v->port, "/", NULL, &body);
	bool differs;

	sscanf(live, "generations/%ld", &number);
	read_live(v, again, sizeof(again));
	differs = status == 200 && strcmp(body, OWN_ANSWER) != 0 && before == number &&
		  before == applied_generation(v) && strcmp(live, again) == 0 &&
		  !is_in_files(v, live, body);
	if (!differs)
		v->stale = 0;
	else if (!v->stale)
		v->stale = rig_now();
	else if (rig_now() - v->stale > STALE_MOST)
		breaks(v,
		       "I4: the status says that generation %ld is applied, and nginx answers "
		       "\"%.40s\"",
		       number, body);
}

/* --- I3 and I7 -------------------------------------------------------------------------------- */

static void look_at_log(struct invariants *v)
{
	FILE *in = fopen(v->error_log, "re");
	char line[512];

	if (!in)
		return;
	fseek(in, v->log_read, SEEK_SET);
	while (fgets(line, sizeof(line), in)) {
		if (strstr(line, "[emerg]") && !v->emerg_allowed)
			breaks(v, "I3: nginx said: %.150s", line);
		v->log_read += (long)strlen(line);
	}
	fclose(in);
}

static void look_at_generations(struct invariants *v)
{
	char path[300];
	size_t count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/generations", v->state);
	dir = opendir(path);
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	if (count > GENERATIONS_MOST + 2)
		breaks(v, "I7: %zu generations are on disk", count - 2);
}

static void run(struct invariants *v) __attribute__((noreturn));
static void run(struct invariants *v)
{
	for (;;) {
		char live[64];

		read_live(v, live, sizeof(live));
		look_at_files(v, live);
		look_at_status(v, live);
		look_at_log(v);
		look_at_generations(v);
		atomic_fetch_add(&v->looks, 1);
		for (int i = 0; i < INTERVAL_MS / 2; i++)
			rig_pause(NULL);
	}
}

struct invariants *invariants_start(const struct rig_nginx *n, int port)
{
	pid_t parent = getpid(), pid;
	struct invariants *v =
		mmap(NULL, sizeof(*v), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (v == MAP_FAILED)
		die("mmap: %m");
	v->port = port;
	snprintf(v->state, sizeof(v->state), "%s", n->state);
	snprintf(v->error_log, sizeof(v->error_log), "%s", n->error_log);
	pid = fork();
	if (pid < 0)
		die("fork: %m");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		run(v);
	}
	v->pid = pid;
	return v;
}

void invariants_allow_emerg(struct invariants *v)
{
	v->emerg_allowed = true;
}

unsigned long invariants_looks(const struct invariants *v)
{
	return v->looks;
}

const char *invariants_broken(const struct invariants *v)
{
	return v->broken ? v->text : "";
}

void invariants_stop(struct invariants *v)
{
	if (!v)
		return;
	rig_stop(v->pid, SIGKILL);
	munmap(v, sizeof(*v));
}
