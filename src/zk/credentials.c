/*
 * Reads the credentials each time a handle is opened, so that a corrected file is used without a
 * restart, and wipes them as soon as the library has its copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "credentials.h"

#define FILE_SIZE 1024

static void wipe_and_free(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void credentials_fini(struct credentials *c)
{
	free(c->scheme);
	wipe_and_free(c->secret);
	*c = (struct credentials){ 0 };
}

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int check_file(int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "not a regular file");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(
			e, ERR_INPUT,
			"belongs to user %u; it must belong to root or to the user of zknginxd",
			(unsigned)st.st_uid);
	if (st.st_mode & 0177)
		return err_set(e, ERR_INPUT,
			       "has mode %04o; it contains a password, so it must have mode 0600",
			       (unsigned)st.st_mode & 07777);
	return 0;
}

static int split(char *line, struct credentials *out, struct err *e)
{
	char *end, *secret;

	line[strcspn(line, "\r\n")] = '\0';
	end = line + strcspn(line, " \t");
	secret = end + strspn(end, " \t");
	if (end == line || *secret == '\0')
		return err_set(e, ERR_INPUT, "the first line must be \"digest user:password\"");
	*end = '\0';
	out->scheme = xstrdup(line);
	out->secret = xstrdup(secret);
	return 0;
}

int credentials_read(const char *path, struct credentials *out, struct err *e)
{
	char content[FILE_SIZE] = { 0 };
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t size;
	int rc;

	if (fd < 0)
		return err_sys(e, "zookeeper.auth_file %s", path);
	if (check_file(fd, e) < 0)
		return err_wrap(e, "zookeeper.auth_file %s", path);
	size = read(fd, content, sizeof(content) - 1);
	if (size < 0)
		return err_sys(e, "zookeeper.auth_file %s", path);
	rc = split(content, out, e);
	explicit_bzero(content, sizeof(content));
	return rc < 0 ? err_wrap(e, "zookeeper.auth_file %s", path) : 0;
}
