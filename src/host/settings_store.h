/* Values of keys: checked against their row and put into their place in struct settings. */
#ifndef ZKNGINX_HOST_SETTINGS_STORE_H
#define ZKNGINX_HOST_SETTINGS_STORE_H

#include "settings_table.h"

/*
 * Each checks and stores. False: the value is not valid; *why is then the sentence of the key's
 * form, or NULL when the row's type and range say what was expected.
 */
bool setting_store(struct arena *a, struct settings *values, const struct setting *s,
		   const char *text, const char **why);
bool setting_store_integer(struct settings *values, const struct setting *s, long long n);
void setting_store_boolean(struct settings *values, const struct setting *s, bool value);
/* *bad: the entry that was refused; count when there are too many or too few. */
bool setting_store_texts(struct arena *a, struct settings *values, const struct setting *s,
			 const char *const *texts, size_t count, size_t *bad, const char **why);

void setting_store_default(struct arena *a, struct settings *values, const struct setting *s);
bool setting_same(const struct settings *a, const struct settings *b, const struct setting *s);

#endif
