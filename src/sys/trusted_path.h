/*
 * Can only root and this process's user change a file, or put another one in its place? The file
 * and every directory on the way to it are checked, as sshd checks the way to its keys.
 */
#ifndef ZKNGINX_SYS_TRUSTED_PATH_H
#define ZKNGINX_SYS_TRUSTED_PATH_H

#include <sys/stat.h>
#include <zknginx/err.h>

/*
 * A directory above with the sticky bit that everybody may write, such as /tmp: in it a user can
 * neither remove nor rename what belongs to another one, but can put files there. FORBIDDEN is for
 * what is executed; ALLOWED is for everything else, and then a symbolic link in such a directory
 * must belong to root or to us, too.
 */
enum trusted_sticky { STICKY_FORBIDDEN, STICKY_ALLOWED };

/*
 * *fd: O_PATH, of the file or directory; *st describes it. A relative path begins at the working
 * directory. ERR_REFUSED: another user can change it; the text names the file or directory and how
 * to correct it. ERR_SYS: something on the way cannot be opened; with ENOENT all that exists was
 * checked. ERR_INPUT: a file is where a directory is needed, or there are too many links.
 */
int trusted_path_open(const char *path, enum trusted_sticky sticky, int *fd, struct stat *st,
		      struct err *e);
/* The same, without a descriptor. What does not exist is trusted if the way to it is. */
int trusted_path_check(const char *path, enum trusted_sticky sticky, struct err *e);

#endif
