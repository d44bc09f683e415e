/* What is not available is left out: the test then uses the daemon's own. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/err.h>
#include <zknginx/log.h>

#include "sandbox_master.h"

static void open_executable(struct sandbox_master *m, long pid)
{
	CLEANUP(freep) char *path = xasprintf("/proc/%ld/exe", pid);

	m->executable = open(path, O_PATH | O_CLOEXEC);
	if (m->executable < 0)
		log_debug("%s: %s; using nginx.binary", path, strerrordesc_np(errno));
}

static void read_file_limit(struct sandbox_master *m, long pid)
{
	if (prlimit((pid_t)pid, RLIMIT_NOFILE, NULL, &m->files) < 0)
		m->files.rlim_cur = 0;
}

static void open_mount_namespace(struct sandbox_master *m, long pid)
{
	CLEANUP(freep) char *path = xasprintf("/proc/%ld/ns/mnt", pid);
	struct stat ours, theirs;

	if (stat("/proc/self/ns/mnt", &ours) < 0 || stat(path, &theirs) < 0) {
		log_debug("%s: %s; using our own", path, strerrordesc_np(errno));
		return;
	}
	if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
		return;
	m->mount_namespace = open(path, O_RDONLY | O_CLOEXEC);
}

void sandbox_master_open(struct sandbox_master *m, long pid)
{
	*m = (struct sandbox_master){ .executable = -1, .mount_namespace = -1 };
	if (pid <= 0)
		return;
	open_executable(m, pid);
	read_file_limit(m, pid);
	open_mount_namespace(m, pid);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void sandbox_master_close(struct sandbox_master *m)
{
	close_fd(&m->executable);
	close_fd(&m->mount_namespace);
}
