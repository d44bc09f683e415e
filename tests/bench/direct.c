/*
 * A switch that only the benchmark has: sessions that reach the servers without the relay.
 *
 * The linker gives the calls of relay_address() and relay_set_servers() to these (--wrap), in the
 * benchmark and in its copy of the daemon. With BENCH_DIRECT in the environment, or after
 * direct_set(), the library is given the address of the server in place of that of the relay.
 * Everything else is the daemon's own code. The daemon that is installed has no such switch.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "direct.h"
#include "zk/relay.h"

void __real_relay_set_servers(struct relay_port *p, const char *addresses);
char *__real_relay_address(const struct relay_port *p);
void __wrap_relay_set_servers(struct relay_port *p, const char *addresses);
char *__wrap_relay_address(const struct relay_port *p);

static bool direct;
static char *server; /* "127.0.0.1:2181" */

__attribute__((constructor)) static void read_environment(void)
{
	direct = getenv("BENCH_DIRECT") != NULL;
}

void direct_set(bool on)
{
	direct = on;
}

/* "127.0.0.1:2181 localhost,…": of one server, as a benchmark has it. */
void __wrap_relay_set_servers(struct relay_port *p, const char *addresses)
{
	free(server);
	server = xasprintf("%.*s", (int)strcspn(addresses, " ,"), addresses);
	__real_relay_set_servers(p, addresses);
}

char *__wrap_relay_address(const struct relay_port *p)
{
	return direct && server ? xstrdup(server) : __real_relay_address(p);
}
