/*
 * How the daemon checks the servers of an upstream ("check" in its policy): a request over HTTP, or
 * a connection, in regular intervals. All defaults are filled in.
 */
#ifndef ZKNGINX_CHECK_H
#define ZKNGINX_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK_RANGES_MOST 8

struct check_range {
	unsigned least, most;
};

struct check_rule {
	bool tcp;         /* a connection is enough; else a request over HTTP */
	const char *path; /* of the request */
	const char *host; /* … its Host; NULL: the address of the server */
	struct check_range ranges[CHECK_RANGES_MOST]; /* statuses of a good answer */
	size_t range_count;
	uint64_t interval, timeout; /* microseconds */
	long fall, rise;            /* so many results in a row change the verdict */
	long port;                  /* UNSET: that of the server */
	long panic;                 /* percent: when more fail, all stay in use */
};

#endif
