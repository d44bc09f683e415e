/*
 * The clients of nginx: a process of its own sends requests at a constant rate, each over a new
 * connection, whatever the answers before it took. Every request is counted: a late request is not
 * left out because an earlier one hangs.
 */
#ifndef ZKNGINX_TESTS_LOAD_H
#define ZKNGINX_TESTS_LOAD_H

#include <stddef.h>

#define LOAD_RATE 100 /* requests a second */

struct load;

/* The start of the first answer that was wrong, and how many there were. */
struct load_counts {
	unsigned long sent, failed;
	double worst_ms;
	char first[128]; /* "" where none failed */
};

/* GET / of 127.0.0.1:port; a good answer has status 200 and a body that begins with `body`. */
struct load *load_start(int port, const char *body);
struct load_counts load_counts(const struct load *l);
void load_stop(struct load *l);

#endif
