/* A rollback that is signed: the leader writes what the operator has signed. */
#ifndef ZKNGINX_CTL_ROLLBACK_SIGN_H
#define ZKNGINX_CTL_ROLLBACK_SIGN_H

#include "core/fleet/request.h"
#include "ctl/console/command.h"
#include "ctl/history/archive.h"

/*
 * With --sign: shows what the rollback changes, asks, and puts the root's data of the old config,
 * with a new signature, into the request, whose revision is then the whole one. Without: refused
 * where the settings ask for signatures. word: the revision or number of the command line; a: not
 * read yet, and the owner of the request's strings. An exit code.
 */
int rollback_sign(struct ctl *ctl, const struct arguments *args, const char *word,
		  struct archive *a, struct request *request);

#endif
