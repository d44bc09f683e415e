/* A file or standard input. */
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "sys/disk.h"

int input_read(const char *path, struct buf *out, struct err *e)
{
	if (strcmp(path, "-") == 0)
		return disk_read_open(STDIN_FILENO, "standard input", INPUT_LIMIT, out, e);
	return disk_read_any(path, INPUT_LIMIT, out, e);
}
