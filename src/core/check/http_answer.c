/*
 * See http_answer.h. The body is not read: a connection is used again only when the answer says how
 * long it is and all of it is there.
 */
#include <string.h>
#include <strings.h>

#include <zknginx/macros.h>

#include "http_answer.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200": 0: it is something else. */
static int read_status(const char *s)
{
	static const char begin[] = "HTTP/1.";
	const char *n = s + strlen(begin) + 2;

	if (memcmp(s, begin, strlen(begin)) != 0 || !is_digit(n[-2]) || n[-1] != ' ' ||
	    !is_digit(n[0]) || !is_digit(n[1]) || !is_digit(n[2]))
		return 0;
	return 100 * (n[0] - '0') + 10 * (n[1] - '0') + n[2] - '0';
}

#define STATUS_SIZE 12 /* of "HTTP/1.1 200" */

/* The end of the empty line after the headers; NULL: it is not there yet. */
static const char *end_of_head(const char *data, size_t size)
{
	const char *end = memmem(data, size, "\r\n\r\n", 4);

	return end ? end + 4 : NULL;
}

struct head {
	bool closes, chunked, has_length;
	size_t length;
};

static bool is_header(const char *line, const char *name)
{
	return strncasecmp(line, name, strlen(name)) == 0;
}

/* "12", and the end of the line. Another value leaves the length unknown. */
static void read_length(struct head *h, const char *value)
{
	size_t n = 0, digits;

	value += strspn(value, " \t");
	digits = strspn(value, "0123456789");
	if (!digits || digits > 9 || value[digits] != '\r' || h->has_length) {
		h->closes = true;
		return;
	}
	for (size_t i = 0; i < digits; i++)
		n = 10 * n + (size_t)(value[i] - '0');
	h->length = n;
	h->has_length = true;
}

/* Whether the connection may be used again has to be certain, so any word but "keep-alive" ends
 * it. */
static void read_line(struct head *h, const char *line)
{
	if (is_header(line, "Content-Length:"))
		read_length(h, line + strlen("Content-Length:"));
	else if (is_header(line, "Transfer-Encoding:"))
		h->chunked = true;
	else if (is_header(line, "Connection:") && !is_header(line, "Connection: keep-alive\r"))
		h->closes = true;
}

static struct head read_head(const char *data, const char *end)
{
	struct head h = { 0 };

	while (data < end - 2) {
		read_line(&h, data);
		data = (const char *)memchr(data, '\n', (size_t)(end - data)) + 1;
	}
	return h;
}

enum http_answer_state http_answer_read(const char *data, size_t size, struct http_answer *out)
{
	const char *end;
	struct head h;
	int status;

	if (size < STATUS_SIZE)
		return memcmp(data, "HTTP/1.", size < 7 ? size : 7) == 0 ? HTTP_ANSWER_PARTIAL
									 : HTTP_ANSWER_WRONG;
	status = read_status(data);
	if (status < 100)
		return HTTP_ANSWER_WRONG;
	end = end_of_head(data, size);
	if (!end)
		return HTTP_ANSWER_PARTIAL;
	if (status < 200)
		return http_answer_read(end, size - (size_t)(end - data), out);
	h = read_head(data, end);
	out->status = status;
	out->keeps = data[7] == '1' && !h.closes && !h.chunked && (h.has_length || status == 204) &&
		     (size_t)(end - data) + (status == 204 ? 0 : h.length) == size;
	return HTTP_ANSWER_HEAD;
}
