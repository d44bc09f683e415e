/*
 * The note: the data of the config's root, a JSON object in which a writer of the config says who
 * wrote it and why (zknginx-znodes(5), History). The leader copies both into the history. A push
 * that does not fit into one transaction leaves a mark in it until it is done.
 */
#ifndef ZKNGINX_CTL_NOTE_H
#define ZKNGINX_CTL_NOTE_H

#include <zknginx/tree.h>

struct config_note;

/*
 * The root's new data; the caller frees. root: what is there now, or NULL. All other keys of it
 * stay, but for a signature, which was of another config: `signature` (may be NULL) has the new
 * one, with the same author and note. message (may be NULL) is `note`; without it the old note,
 * which was about another change, ends. NULL: the data is not an object of JSON, and has to stay as
 * it is.
 */
char *note_print(const struct znode *root, const char *by, const char *message,
		 const struct config_note *signature);

/* Does the history keep all of this text of --by or --message? False: the operator was told. */
bool note_fits(const char *option, const char *text);

#endif
