/*
 * The proof: what has been written is read as the daemon of a host would read it, beside what is
 * left in nginx.conf.
 */
#ifndef ZKNGINX_CORE_IMPORT_PROOF_H
#define ZKNGINX_CORE_IMPORT_PROOF_H

#include <zknginx/problem.h>

#include "conf.h"

/* The files of DIR as znodes below root (one reference). */
struct tree *proof_tree(const struct import_files *files, const char *root);

/* Adds the problems of these znodes. read: FILE as it was read, for what it includes; main: the new
 * nginx.conf. */
void proof_check(const struct import_input *in, const struct tree *tree,
		 const struct conf_file *read, const struct import_file *main,
		 struct problems *problems);

#endif
