/* nginx's parameters of a server, as registrations write them: "weight=5", "backup". */
#ifndef ZKNGINX_CORE_ENDPOINT_PARAMS_H
#define ZKNGINX_CORE_ENDPOINT_PARAMS_H

#include "registration.h"

/*
 * Reads words between any of the bytes of `between`. Other NAME=VALUE become labels; other words,
 * and invalid values, are ignored. Changes the text.
 */
void registration_params(struct registration *r, char *text, const char *between);

#endif
