/* Clauses of a site or location (site.h). */
#ifndef ZKNGINX_DATA_CLAUSES_H
#define ZKNGINX_DATA_CLAUSES_H

#include <zknginx/arena.h>
#include <zknginx/site.h>

/* A new one with room for so many words. The field is copied, the directive borrowed. */
struct clause *clauses_add(struct arena *a, struct clauses *list, const char *field,
			   const char *directive, size_t words);
/* The same with one word, which is borrowed. */
void clauses_add_word(struct arena *a, struct clauses *list, const char *field,
		      const char *directive, const char *word);
/* The first of that directive; NULL: there is none. */
const struct clause *clauses_find(const struct clauses *list, const char *directive);

#endif
