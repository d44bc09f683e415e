/* What is not available is left out: the test then uses the daemon's own. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "peek.h"
#include "sandbox_master.h"

static void open_executable(struct sandbox_master *m, long pid)
{
	struct look_answer a;

	m->is_seen = peek(LOOK_EXECUTABLE, (pid_t)pid, "", &a, &m->executable);
	m->program = a.st;
	if (!m->is_seen)
		log_debug("the executable of process %ld: %s; using nginx.binary", pid,
			  strerrordesc_np(a.error));
}

static void read_file_limit(struct sandbox_master *m, long pid)
{
	if (prlimit((pid_t)pid, RLIMIT_NOFILE, NULL, &m->files) < 0)
		m->files.rlim_cur = 0;
}

static void open_mount_namespace(struct sandbox_master *m, long pid)
{
	struct look_answer a;
	struct stat ours;
	int fd;

	if (stat("/proc/self/ns/mnt", &ours) < 0 ||
	    !peek(LOOK_NAMESPACE, (pid_t)pid, "", &a, &fd)) {
		log_debug("the mount namespace of process %ld cannot be looked at; using our own",
			  pid);
		return;
	}
	if (ours.st_dev != a.st.st_dev || ours.st_ino != a.st.st_ino)
		m->mount_namespace = fd;
	else if (fd >= 0)
		close(fd);
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
