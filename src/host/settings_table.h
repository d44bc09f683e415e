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
	SETTING_CHOICE,   /* const char *, one of `choices` */
	SETTING_TEXTS,    /* const char *const *, NULL-terminated */
	SETTING_COMMAND,  /* the same; argv: `form` is of the first entry, the others are free */
	SETTING_INTEGER,  /* long */
	SETTING_BOOLEAN,  /* bool; true or false in the file */
	SETTING_DURATION, /* uint64_t, microseconds; "10s" in the file */
	SETTING_SIZE,     /* uint64_t, bytes; "900k" in the file */
	SETTING_TYPE_N
};

/*
 * May this text stand here? True: *value is its normal form (text itself, or in the
 * arena). False: *why says what was expected.
 */
typedef bool setting_form(struct arena *a, const char *text, const char **value, const char **why);

struct setting {
	const char *path; /* "group.key" */
	enum setting_type type;
	const char *preset;    /* the default, as the file writes it; a list's entries by ", " */
	const char *min, *max; /* as the file writes them; of a list: how many entries */
	bool never;            /* a duration that may be "never" */
	const char *const *choices; /* NULL-terminated */
	setting_form *form;         /* of a text, or of each entry of a list */
	bool reloadable;            /* a running daemon can take a new value */
	bool bare_number;           /* a text that may stand as a whole number, without quotes */
	const struct setting *list; /* a list is taken too, by this row, which names the same key;
				       its field is empty unless the file has a list */
	size_t offset;              /* in struct settings */
};

/* NULL past the end. */
const struct setting *setting_at(size_t i);
const struct setting *setting_find(const char *path);
bool setting_is_group(const char *path);
/* Why a key that is not in the table is not there, or NULL when nothing is known about it. */
const char *setting_unknown_hint(const char *path);

#endif
