/*
 * What a test build of the modules does wrong on purpose. The environment names a file, and the
 *file has a word and a number:
 *
 *	protocol N	hello is of a protocol N versions later
 *	hello N	… and the digests of its upstreams are N higher than they are
 *	answer N	changes are not made, and answered with result N
 *	digest N	changes are made, and the digest in the answer is N higher than it is
 */
#ifndef ZKNGINX_MODULE_FAULTS_H
#define ZKNGINX_MODULE_FAULTS_H

#include "flavour.h"

#ifdef ZKNGINX_MODULE_TEST
/* In the postconfiguration. */
void faults_begin(void);
/* The number after this word; 0: the file says something else. */
uint32_t fault(const char *word);
#else
#define faults_begin() ((void)0)
#define fault(word) 0
#endif

#endif
