/* Files of the project, for tests that compare it with them. */
#ifndef ZKNGINX_TESTS_FILE_FIXTURE_H
#define ZKNGINX_TESTS_FILE_FIXTURE_H

#include <stdio.h>

#include <zknginx/buf.h>

/* The text of a file; the caller frees it. */
static char *read_file(const char *path)
{
	struct buf text = BUF_INIT;
	FILE *f = fopen(path, "r");
	size_t got;

	assert_non_null(f);
	do {
		got = fread(buf_room(&text, 65536), 1, 65536, f);
		buf_grow(&text, got);
	} while (got);
	fclose(f);
	return buf_take(&text);
}

#endif
