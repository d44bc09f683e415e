/*
 * Each test program has the machine for itself, as far as possible:
 *
 * - a network of its own, so that no port is ever taken by another program;
 * - an empty /var/log/nginx of its own, where an nginx without an access_log writes;
 * - an /etc/hosts, where the machine has none.
 *
 * So programs can run side by side, and leave nothing on the machine. That takes root. Where the
 * kernel refuses it (a container without the right to it), the program runs in the machine's own
 * network, and programs must not run side by side.
 */
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig.h"

static bool alone;

/* A new network has its loopback interface down. */
static void raise_loopback(void)
{
	struct ifreq lo = { .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(lo.ifr_name, "lo", sizeof("lo"));
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		die("the loopback interface of a new network cannot be raised: %m");
	close(fd);
}

static bool own_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return false;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("mounts cannot be made private: %m");
	return true;
}

static void hide_logs(void)
{
	/* where nginx is not installed there is no such directory */
	mount("tmpfs", "/var/log/nginx", "tmpfs", 0, "mode=0755");
}

/* A file can only be mounted over another file, so a copy of the whole directory is mounted. */
static void bring_hosts(void)
{
	char copy[] = "/tmp/zknginx-etc-XXXXXX", hosts[64];

	if (access("/etc/hosts", F_OK) == 0)
		return;
	if (!mkdtemp(copy) || mount("tmpfs", copy, "tmpfs", 0, "mode=0755") < 0)
		die("%s: %m", copy);
	if (rig_run(NULL, (char *[]){ (char *)"cp", (char *)"-a", (char *)"/etc/.", copy, NULL }))
		die("/etc cannot be copied to %s", copy);
	snprintf(hosts, sizeof(hosts), "%s/hosts", copy);
	rig_write(hosts, "127.0.0.1 localhost\n::1 localhost\n");
	if (mount(copy, "/etc", NULL, MS_MOVE, NULL) < 0 || rmdir(copy) < 0)
		die("%s cannot be moved to /etc: %m", copy);
}

/* Before main(), and before there is any thread. */
static void __attribute__((constructor)) be_alone(void)
{
	if (getenv("RIG_SHARED"))
		return;
	if (unshare(CLONE_NEWNET) < 0)
		return;
	raise_loopback();
	alone = own_mounts();
	if (alone) {
		hide_logs();
		bring_hosts();
	}
	/* a test that runs its own program once more shares its network with it */
	setenv("RIG_SHARED", "1", 1);
}

bool rig_is_alone(void)
{
	return alone;
}
