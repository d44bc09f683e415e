/* What one check of a server has found. */
#ifndef ZKNGINX_CORE_RESULT_H
#define ZKNGINX_CORE_RESULT_H

#include <stdbool.h>
#include <stddef.h>

enum check_finding {
	CHECK_NOTHING,   /* it was not checked yet */
	CHECK_CONNECTED, /* good: it accepts connections */
	CHECK_STATUS,    /* it answers with the status `number` */
	CHECK_TIMEOUT,   /* it does not answer in time */
	CHECK_ERROR,     /* a system call failed; number is errno */
	CHECK_CLOSED,    /* it closes the connection without an answer */
	CHECK_NO_HTTP,   /* the answer is no HTTP */
	CHECK_TLS,       /* the TLS handshake fails */
};

struct check_result {
	bool good;
	enum check_finding finding;
	int number;
};

/* The rest of a sentence that begins with the server: "answers with status 500". */
#define CHECK_TEXT_SIZE 96
void check_result_text(const struct check_result *r, char out[static CHECK_TEXT_SIZE]);

#endif
