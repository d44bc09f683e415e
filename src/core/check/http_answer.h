/* The beginning of an HTTP/1.x answer: as much as a check has to know of it. */
#ifndef ZKNGINX_CORE_HTTP_ANSWER_H
#define ZKNGINX_CORE_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

enum http_answer_state {
	HTTP_ANSWER_PARTIAL, /* more bytes are needed */
	HTTP_ANSWER_WRONG,   /* this is no HTTP */
	HTTP_ANSWER_HEAD,    /* the status is known */
};

struct http_answer {
	int status;
	bool keeps; /* all of it has arrived, and the server keeps the connection open */
};

/* out is set with HTTP_ANSWER_HEAD. Answers with a status below 200 are left out. */
enum http_answer_state http_answer_read(const char *data, size_t size, struct http_answer *out);

#endif
