/* The addresses of a session's servers: as last resolved, and which one to begin with. */
#ifndef ZKNGINX_ZK_ADDRESS_BOOK_H
#define ZKNGINX_ZK_ADDRESS_BOOK_H

#include "resolver.h"

struct address_book {
	struct hosts *hosts;
	char *known; /* as last resolved; NULL: not resolved yet */
	char *used;  /* of `known`, when the newest handle was opened */
	char *first; /* that the newest handle began with; the next one begins with another. May be
			NULL */
	bool resolving;
};

int address_book_init(struct address_book *b, const char *hosts, struct err *e);
void address_book_fini(struct address_book *b);

/* Begin to resolve, unless that goes on already. A NOTE_RESOLVED follows. */
int address_book_resolve(struct address_book *b, struct queue *q, struct err *e);
void address_book_on_resolved(struct address_book *b, const struct note *n);

/* For handle_open(); there must be known addresses. The caller frees. */
char *address_book_connect_string(const struct address_book *b);
/* A handle was opened with this connect string. */
void address_book_use(struct address_book *b, const char *connect_string);
/* The next handle may begin with any server. */
void address_book_allow_any(struct address_book *b);
/* Have other addresses been resolved since the handle was opened? */
bool address_book_has_changed(const struct address_book *b);

#endif
