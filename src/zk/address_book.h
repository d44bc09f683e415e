/* The addresses of a session's servers, as last resolved. */
#ifndef ZKNGINX_ZK_ADDRESS_BOOK_H
#define ZKNGINX_ZK_ADDRESS_BOOK_H

#include "resolver.h"

struct address_book {
	struct hosts *hosts;
	char *known; /* as last resolved; NULL: not resolved yet */
	bool resolving;
};

int address_book_init(struct address_book *b, const char *hosts, struct err *e);
void address_book_fini(struct address_book *b);

/* Begin to resolve, unless that goes on already. A NOTE_RESOLVED follows. */
int address_book_resolve(struct address_book *b, struct queue *q, struct err *e);
/* True: other addresses are known now. */
bool address_book_on_resolved(struct address_book *b, const struct note *n);
/* "" or "/chroot" */
const char *address_book_chroot(const struct address_book *b);

#endif
