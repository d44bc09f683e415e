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
	free(b->used);
	free(b->first);
}

int address_book_resolve(struct address_book *b, struct queue *q, struct err *e)
{
	if (b->resolving)
		return 0;
	b->resolving = resolver_start(b->hosts, q, e) == 0;
	return b->resolving ? 0 : -1;
}

void address_book_on_resolved(struct address_book *b, const struct note *n)
{
	b->resolving = false;
	if (!*n->text)
		return;
	free(b->known);
	b->known = xstrdup(n->text);
}

char *address_book_connect_string(const struct address_book *b)
{
	return resolver_connect_string(b->hosts, b->known, b->first);
}

void address_book_use(struct address_book *b, const char *connect_string)
{
	free(b->used);
	b->used = xstrdup(b->known);
	free(b->first);
	b->first = xasprintf("%.*s", (int)strcspn(connect_string, ",/"), connect_string);
}

void address_book_allow_any(struct address_book *b)
{
	free(TAKE(b->first));
}

bool address_book_has_changed(const struct address_book *b)
{
	return b->known && b->used && strcmp(b->known, b->used) != 0;
}
