/* The wall clock jumps: C1. The shim (clock_shim.c) changes it for the daemon alone. */
#include <fcntl.h>
#include <stdlib.h>

#include <zknginx/err.h>

#include "ground.h"

static int clock_file;

static void set_clock(int64_t seconds)
{
	if (pwrite(clock_file, &seconds, sizeof(seconds), 0) != sizeof(seconds))
		die("the clock's file: %m");
}

static void the_clock_jumps(struct ground *g)
{
	const char *shim = getenv("CLOCK_SHIM_SO"), *path = rig_path("clock");
	int64_t owner;

	assert_non_null(shim);
	clock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	set_clock(0);
	setenv("CLOCK_SHIM", path, 1);
	setenv("LD_PRELOAD", shim, 1);
	ground_restart_daemon(g, SIGTERM);
	unsetenv("LD_PRELOAD");
	eventually(NULL, rig_zk_exists(g->host.zk, FAULT_CLUSTER "/members/web1"));
	eventually(NULL, rig_host_is(&g->host, "applied"));
	owner = rig_zk_owner(g->host.zk, FAULT_CLUSTER "/members/web1");
	fault(g);
	for (int i = 0; i < 6; i++) {
		set_clock(i % 2 ? -86400 : 86400);
		ground_edit(g);
		eventually(NULL, ground_serves(g));
		lasts(g, USEC_PER_SEC);
		assert_false(ground_has_alerts(g));
	}
	assert_true(rig_zk_owner(g->host.zk, FAULT_CLUSTER "/members/web1") == owner);
	set_clock(0);
	heals(g);
	recovers_with_an_edit(g);
	assert_int_equal(ground_reloads(g), 7);
	close(clock_file);
}

int main(void)
{
	static const struct fault_case cases[] = {
		FAULT_CASE("C1", "the wall clock jumps a day, six times", the_clock_jumps),
	};

	return fault_run(cases, ARRAY_SIZE(cases));
}
