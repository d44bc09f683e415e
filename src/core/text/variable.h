/* The variables that nginx has itself, of nginx 1.22 to 1.28. */
#ifndef ZKNGINX_VARIABLE_H
#define ZKNGINX_VARIABLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Has nginx this variable in http { }, or the family that it is of ($arg_a, $http_x_real_ip)? The
 * name is without `$`, in any case: nginx ignores it.
 */
bool variable_is_known(const char *name, size_t size);
/* The same for stream { }. */
bool variable_is_known_in_stream(const char *name, size_t size);

/*
 * The name of the variable if its value may hold a line feed that a client has chosen, or NULL.
 * In a header such a value would begin another header.
 */
const char *variable_with_lines(const char *name, size_t size);

/* How unlike two names are; UINT_MAX: too unlike for one to be meant by the other. */
unsigned variable_distance(const char *name, size_t size, const char *other);
/* The known variable whose name is most like this one; NULL: none is like it. */
const char *variable_nearest(const char *name, size_t size);
const char *variable_nearest_in_stream(const char *name, size_t size);

#endif
