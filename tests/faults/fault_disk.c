/* Faults of the file system below the state directory: F1 … F13. F4 and F5 are in fault_calls.c. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "ground.h"

#define TMPFS "size=2m,nr_inodes=200,mode=755"

static bool has_alert(struct ground *g)
{
	return strstr(rig_read(g->host.log), "alert state-directory: ");
}

/* "live/http.conf" below the state directory. */
static char *path_of(struct ground *g, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", g->host.nginx.state, name);
	return path;
}

static void ends_well(struct ground *g)
{
	heals(g);
	recovers(g, ground_serves(g));
	eventually(NULL, rig_host_is(&g->host, "applied"));
	recovers_with_an_edit(g);
}

static void the_disk_is_full(struct ground *g)
{
	char block[4096] = { 0 };
	int fd = open(path_of(g, "ballast"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	fault(g);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
	ground_edit(g);
	detects(g, has_alert(g));
	lasts(g, 2 * USEC_PER_SEC);
	assert_int_equal(ground_reloads(g), 0);
	assert_int_equal(rig_host_problem_count(&g->host), 0);
	unlink(path_of(g, "ballast"));
	ends_well(g);
}

static void there_are_no_inodes(struct ground *g)
{
	char name[32];
	int count = 0;

	fault(g);
	do
		snprintf(name, sizeof(name), "ballast%d", count);
	while (symlink("x", path_of(g, name)) == 0 && ++count);
	ground_edit(g);
	detects(g, has_alert(g));
	lasts(g, 2 * USEC_PER_SEC);
	assert_int_equal(ground_reloads(g), 0);
	while (count-- > 0) {
		snprintf(name, sizeof(name), "ballast%d", count);
		unlink(path_of(g, name));
	}
	ends_well(g);
}

/* A file system with files that are open for writing cannot be made read-only, so the daemon is
 * stopped meanwhile. */
static void it_is_mounted_read_only(struct ground *g)
{
	char *generations = rig_path("web1/state/generations");
	unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY;

	rig_host_stop_daemon(&g->host, SIGTERM);
	assert_int_equal(mount(generations, generations, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, generations, NULL, flags, NULL), 0);
	fault(g);
	rig_host_start_daemon(&g->host);
	ground_edit(g);
	detects(g, has_alert(g));
	eventually(NULL, strstr(rig_zk_get(g->host.zk, FAULT_CLUSTER "/reports/web1") ?: "",
				"state-directory"));
	assert_int_equal(ground_reloads(g), 0);
	assert_int_equal(mount(NULL, generations, NULL, MS_BIND | MS_REMOUNT, NULL), 0);
	ends_well(g);
}

/* The generation that is live, and its tree: what an outage is survived with. */
static void a_byte_of_the_live_files_changes(struct ground *g)
{
	int fd = open(path_of(g, "live/http.conf"), O_WRONLY | O_CLOEXEC);
	char good = rig_host_live(&g->host, "http.conf")[2], bad = (char)(good ^ 1);

	invariants_stop(g->invariants); /* one is broken on purpose, until it is repaired */
	g->invariants = NULL;
	assert_true(fd >= 0);
	rig_host_stop_daemon(&g->host, SIGKILL);
	fault(g);
	assert_int_equal(pwrite(fd, &bad, 1, 2), 1);
	close(fd);
	rig_host_start_daemon(&g->host);
	heals(g);
	recovers(g, (rig_host_live(&g->host, "http.conf") ?: "###")[2] == good &&
			    rig_host_is(&g->host, "applied"));
	recovers_with_an_edit(g);
}

/* Something of another's where the next generation is written. */
static void a_link_is_planted_in_the_staging(struct ground *g)
{
	char *victim = rig_path("victim");
	char name[64];

	rig_write(victim, "untouched\n");
	fault(g);
	for (int i = 2; i < 8; i++) {
		snprintf(name, sizeof(name), "generations/%d", i);
		assert_int_equal(symlink(rig_directory(), path_of(g, name)), 0);
	}
	assert_int_equal(symlink(victim, path_of(g, "generations/http.conf")), 0);
	ground_edit(g);
	heals(g);
	recovers(g, ground_serves(g));
	assert_string_equal(rig_read(victim), "untouched\n");
	assert_int_not_equal(access(rig_path("http.conf"), F_OK), 0);
	recovers_with_an_edit(g);
}

static void generations_are_on_another_file_system(struct ground *g)
{
	char *generations = rig_path("web1/state/generations");

	assert_true(mkdir(g->host.nginx.state, 0755) == 0);
	assert_int_equal(mkdir(generations, 0755), 0);
	assert_int_equal(mount("tmpfs", generations, "tmpfs", 0, TMPFS), 0);
	ground_start(g);
	fault(g);
	heals(g);
	recovers_with_an_edit(g);
	notes(g, "no file moves between the two; ");
}

static void many_generations(struct ground *g)
{
	fault(g);
	for (int i = 0; i < 100; i++) {
		ground_edit(g);
		eventually(NULL, ground_serves(g));
	}
	heals(g);
	recovers_with_an_edit(g);
	notes(g, "100 in place of 10,000 revisions; at most 16 on disk; ");
}

int main(void)
{
	static const struct fault_case cases[] = {
		FAULT_CASE("F1", "the disk is full", the_disk_is_full, .tmpfs = TMPFS),
		FAULT_CASE("F2", "there are no inodes", there_are_no_inodes, .tmpfs = TMPFS),
		FAULT_CASE("F3", "it is mounted read-only", it_is_mounted_read_only),
		FAULT_CASE("F7", "a byte of the live files changes",
			   a_byte_of_the_live_files_changes),
		FAULT_CASE("F8", "links are planted where generations are written",
			   a_link_is_planted_in_the_staging),
		FAULT_CASE("F12", "generations are on another file system",
			   generations_are_on_another_file_system, .prepare_only = true),
		FAULT_CASE("F13", "many revisions", many_generations),
	};

	return fault_run(cases, ARRAY_SIZE(cases));
}
