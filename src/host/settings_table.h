/*
 * The one table of settings: a row a key. The file is checked against it, the
 * defaults come from it, and the tests hold the sample and the man page to it.
 */
#ifndef ZKNGINX_HOST_SETTINGS_TABLE_H
#define ZKNGINX_HOST_SETTINGS_TABLE_H

#include <zknginx/arena.h>
#include <zknginx/settings.h>

enum setting_type {
	SETTING_TEXT,     /* const char * */
	SETTING_CHOICE,   /* an enum of zknginx/modes.h or log.h; the value is an index of `choices`
			   */
	SETTING_TEXTS,    /* const char *const *, NULL-terminated */
	SETTING_COMMAND,  /* the same; argv: `form` is of the first entry, the others are free */
	SETTING_INTEGER,  /* long */
	SETTING_BOOLEAN,  /* bool; true or false in the file */
	SETTING_DURATION, /* uint64_t, microseconds; "10s" in the file */
	SETTING_SIZE,     /* uint64_t, bytes; "900k" in the file */
	SETTING_TYPE_N
};

/*
 * Is this text valid? True: *value is its normal form (the text itself, or in the arena). False:
 * *why says what was expected.
 */
typedef bool setting_form(struct arena *a, const char *text, const char **value, const char **why);

struct setting {
	const char *path; /* "group.key" */
	enum setting_type type;
	const char
		*default_text; /* as the file writes it; of a list: its entries, joined by ", " */
	const char *min, *max; /* as the file writes them; of a list: how many entries */
	bool never;            /* a duration that may be "never" */
	const char *const *choices; /* NULL-terminated */
	setting_form *form;         /* of a text, or of each entry of a list */
	bool reloadable;            /* a running daemon can take a new value */
	bool bare_number;           /* a text that may also be written as a whole number */
	const struct setting *list; /* the key may have a list as well: the row for that. Its field
				       is empty unless the file has a list */
	size_t offset;              /* in struct settings */
};

/* NULL past the end. */
const struct setting *setting_at(size_t i);
const struct setting *setting_find(const char *path);
bool setting_is_group(const char *path);
/* What to do instead of this key, which is not in the table; NULL: nothing is known about it. */
const char *setting_unknown_hint(const char *path);

#endif
