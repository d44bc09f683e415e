/* The addresses of a session's servers. */
#include <stdlib.h>
#include <string.h>

#include "address_book.h"

int address_book_init(struct address_book *b, const char *hosts, struct err *e)
{
	return hosts_parse(hosts, &b->hosts, e);
}

void address_book_fini(struct address_book *b)
{
	if (b->hosts)
		hosts_free(b->hosts);
	free(b->known);
}

int address_book_resolve(struct address_book *b, struct queue *q, struct err *e)
{
	if (b->resolving)
		return 0;
	b->resolving = resolver_start(b->hosts, q, e) == 0;
	return b->resolving ? 0 : -1;
}

bool address_book_on_resolved(struct address_book *b, const struct note *n)
{
	b->resolving = false;
	if (!*n->text || (b->known && strcmp(b->known, n->text) == 0))
		return false;
	free(b->known);
	b->known = xstrdup(n->text);
	return true;
}

const char *address_book_chroot(const struct address_book *b)
{
	return hosts_path(b->hosts);
}
