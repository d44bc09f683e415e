/* The end of a block of Lua within nginx's text. */
#ifndef ZKNGINX_CORE_IMPORT_CONF_LUA_H
#define ZKNGINX_CORE_IMPORT_CONF_LUA_H

/* s is after the `{`. The byte after the `}` that closes the block; NULL: it is not closed. */
const char *conf_lua_end(const char *s, const char *end);

#endif
