/*
 * Questions by getaddrinfo_a(), so that none of the threads is ours. Its threads block all signals
 * and are asked to send none: the caller looks again after a while. They may do what the thread may
 * that asks, so a confined thread asks.
 *
 * gai_error() says whether a question has ended, but takes no lock. gai_cancel() does: no thread
 * touches a question any more that it reports as done, and only then is the answer read or freed.
 *
 * The addresses depend on the name only, and not on the address families of this machine or the
 * order of the answer. So the same answer always becomes the same bytes.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "names_ask.h"
#include "sys/thread.h"

struct ask {
	struct gaicb request; /* the C library uses it until `ended` */
	bool ended;
	int rc;           /* once ended */
	struct ask *next; /* of the leftovers */
	char name[];
};

static struct ask *leftovers;

/* Both families, and one entry for each address. */
/* On a host without IPv6 its addresses are left out, as nginx's own resolver does. */
static const struct addrinfo hints = { .ai_flags = AI_ADDRCONFIG,
				       .ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM };

static void *ask_on_thread(void *ask)
{
	struct ask *a = ask;
	struct gaicb *list[] = { &a->request };

	a->rc = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
	return NULL;
}

struct ask *ask_new(const char *name)
{
	size_t size = strlen(name) + 1;
	struct ask *a = xcalloc(1, sizeof(*a) + size);

	memcpy(a->name, name, size);
	a->request.ar_name = a->name;
	a->request.ar_request = &hints;
	if (ASK_ON_THE_SPOT)
		a->rc = getaddrinfo(a->name, NULL, &hints, &a->request.ar_result);
	else if (thread_call("zkd-names", CONFINE_NAMES, ask_on_thread, a) != 0)
		a->rc = EAI_AGAIN;
	a->ended = ASK_ON_THE_SPOT || a->rc != 0;
	return a;
}

bool ask_ended(struct ask *a)
{
	if (a->ended || gai_error(&a->request) == EAI_INPROGRESS)
		return a->ended;
	if (gai_cancel(&a->request) != EAI_ALLDONE)
		return false;
	a->ended = true;
	a->rc = gai_error(&a->request);
	return true;
}

static void discard(struct ask *a)
{
	if (a->request.ar_result)
		freeaddrinfo(a->request.ar_result);
	free(a);
}

size_t ask_leftovers(void)
{
	size_t count = 0;

	for (struct ask **at = &leftovers; *at;) {
		struct ask *a = *at;

		if (ask_ended(a)) {
			*at = a->next;
			discard(a);
		} else {
			at = &a->next;
			count++;
		}
	}
	return count;
}

void ask_free(struct ask *a)
{
	/* Cancelled: it was still waiting for a thread. Done: it ended meanwhile. */
	if (!a->ended && gai_cancel(&a->request) == EAI_NOTCANCELED) {
		a->next = leftovers;
		leftovers = a;
	} else {
		discard(a);
	}
	ask_leftovers();
}

/* --- answers -------------------------------------------------------------------------------- */

static const char *reason_of(int rc)
{
	static const struct {
		int rc;
		const char *reason;
	} reasons[] = {
		{ 0, "it has no address" },
		{ EAI_NONAME, "no such host" },
		{ EAI_NODATA, "it has no address" },
		{ EAI_AGAIN, "the name servers do not answer" },
		{ EAI_FAIL, "the name servers refuse to answer" },
		{ EAI_SYSTEM, "the system's resolver failed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].rc == rc)
			return reasons[i].reason;
	}
	return gai_strerror(rc);
}

/* False for an address that nginx cannot connect to: a link-local one needs an interface. */
static bool print_address(const struct sockaddr *sa, char out[static INET6_ADDRSTRLEN])
{
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)sa;

		return inet_ntop(AF_INET, &v4->sin_addr, out, INET6_ADDRSTRLEN) != NULL;
	}
	if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)sa;

		return !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) &&
		       inet_ntop(AF_INET6, &v6->sin6_addr, out, INET6_ADDRSTRLEN) != NULL;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static size_t sort(char (*texts)[INET6_ADDRSTRLEN], size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(texts, count, sizeof(*texts), compare);
	for (size_t i = 0; i < count; i++) {
		if (!kept || strcmp(texts[kept - 1], texts[i]) != 0)
			memmove(texts[kept++], texts[i], sizeof(*texts));
	}
	return kept < ANSWER_LIMIT ? kept : ANSWER_LIMIT;
}

/* The pointers, and after them the texts. */
static char **pack(char (*texts)[INET6_ADDRSTRLEN], size_t count)
{
	char **packed = xmalloc(count * (sizeof(*packed) + sizeof(*texts)));
	char *text = (char *)(packed + count);

	memcpy(text, texts, count * sizeof(*texts));
	for (size_t i = 0; i < count; i++)
		packed[i] = text + i * sizeof(*texts);
	return packed;
}

struct answer ask_answer(struct ask *a)
{
	CLEANUP(freep) char(*texts)[INET6_ADDRSTRLEN] = NULL;
	struct answer answer = { 0 };
	size_t found = 0, count = 0;

	for (const struct addrinfo *i = a->request.ar_result; i; i = i->ai_next)
		found++;
	texts = xcalloc(found + 1, sizeof(*texts));
	for (const struct addrinfo *i = a->request.ar_result; i; i = i->ai_next)
		count += print_address(i->ai_addr, texts[count]);
	answer.count = sort(texts, count);
	if (answer.count)
		answer.addresses = pack(texts, answer.count);
	else
		answer.reason = reason_of(a->rc);
	return answer;
}

bool answer_equal(const struct answer *a, const struct answer *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->addresses[i], b->addresses[i]) != 0)
			return false;
	}
	return true;
}
