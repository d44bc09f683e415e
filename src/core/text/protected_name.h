/* The names of znodes that Apache Curator creates "with protection". */
#ifndef ZKNGINX_CORE_PROTECTED_NAME_H
#define ZKNGINX_CORE_PROTECTED_NAME_H

/* The name without "_c_GUID-" at its beginning; the name itself where it does not begin so. */
const char *protected_name_plain(const char *name);

#endif
