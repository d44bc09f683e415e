/* JSON in registrations. Many programs write it: unknown members are ignored. */
#ifndef ZKNGINX_CORE_ENDPOINT_JSON_H
#define ZKNGINX_CORE_ENDPOINT_JSON_H

#include <jansson.h>

#include "registration.h"

typedef enum endpoint_result object_reader(struct registration *r, const json_t *object);
/* Calls `read` with the data's object. Data that does not even begin like JSON is no registration
 * if the znode is persistent; else ENDPOINT_BAD. */
enum endpoint_result registration_json(struct registration *r, object_reader *read);
/* The object in other bytes, which the caller decrefs; NULL when there is none. */
json_t *endpoint_json(const char *data, size_t size);
/* The same for a znode; NULL also when it holds more than ENDPOINT_DATA_MAX. */
json_t *endpoint_json_of(const struct znode *z);
/* A host or a port that may be missing (NULL, 0); false and r->why when it is not valid. */
bool registration_json_host(struct registration *r, const json_t *value, const char **host);
bool registration_json_port(struct registration *r, const json_t *value, long *port);
/* The same, but a whole number of 0 or less means that there is none. */
bool registration_json_port_or_none(struct registration *r, const json_t *value, long *port);
/* A number, or a string that holds one; < 0: neither. */
double endpoint_json_number(const json_t *value);
/* Is it true, a number other than 0, "1" or "true"? */
bool endpoint_json_is_true(const json_t *value);
/* Members that are strings, whole numbers or booleans become labels. */
void registration_json_labels(struct registration *r, const json_t *object);
/* Each element of an array becomes a tag. */
void registration_json_tags(struct registration *r, const json_t *array);

#endif
