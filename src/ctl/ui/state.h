/*
 * What the page shows, as JSON: an object of sections, each of which is an object of rows by key.
 * All of it is made of the values of status, upstreams and history, in their shapes.
 *
 *   fleet      the keys of `status` that are no list of their own
 *   hosts      by name; problems, alerts, upstreams (by name), history (by number)
 */
#ifndef ZKNGINX_CTL_UI_STATE_H
#define ZKNGINX_CTL_UI_STATE_H

#include <jansson.h>

struct snapshot;
struct composed;

/* The sections that a snapshot has, and that of the upstreams; the caller owns the values. */
json_t *state_of_fleet(const struct snapshot *s);
json_t *state_of_upstreams(const struct composed *c);

/* What leads from one state to the other: of each section that differs {"set": {key: row}, "gone":
 * [key]}; NULL: nothing differs. */
json_t *state_difference(const json_t *old, const json_t *new);

#endif
