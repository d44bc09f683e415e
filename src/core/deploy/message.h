/* One line of what nginx writes, on standard error or in its error log. */
#ifndef ZKNGINX_CORE_MESSAGE_H
#define ZKNGINX_CORE_MESSAGE_H

/*
 * The text after "[LEVEL] " of a line, without the numbers of the process and the connection; NULL:
 * the line has another level. `level` is for example "[warn] ".
 */
const char *message_after_level(const char *line, const char *level);

#endif
