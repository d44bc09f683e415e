/*
 * The bytes are in a sealed file in memory, which is complete before the child exists. So there is
 * no pipe to fill: a child that does not read blocks nobody, one that has ended raises no SIGPIPE,
 * and the input cannot change while it is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child_input.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif

/* A host may allow only memory files that cannot be executed; older kernels do not know the flag.
 */
static int memory_file(void)
{
	int fd = memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static int fill(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t put = write(fd, bytes, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		bytes += put;
		size -= (size_t)put;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -1;
	return lseek(fd, 0, SEEK_SET) < 0 ? -1 : 0;
}

int child_input_open(const char *bytes, size_t size, struct err *e)
{
	int fd = bytes ? memory_file() : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, bytes ? "cannot make a file in memory" : "/dev/null");
	if (!bytes || fill(fd, bytes, size) == 0)
		return fd;
	err_sys(e, "cannot write the input of a child");
	close(fd);
	return -1;
}
