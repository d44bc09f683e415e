/* See balancers.h. */
#include "balancers.h"

#define WORDS 3

static const struct {
	const char *module;
	const char *words[WORDS]; /* of the directive, its name first */
} methods[BALANCER_COUNT] = {
	[ROUND_ROBIN] = { NULL, { NULL } },
	[LEAST_CONN] = { PART_NAME "least_conn_module", { "least_conn" } },
	[IP_HASH] = { PART_NAME "ip_hash_module", { "ip_hash" } },
	[HASH] = { PART_NAME "hash_module", { "hash", "key" } },
	[HASH_CONSISTENT] = { PART_NAME "hash_module", { "hash", "key", "consistent" } },
	[RANDOM] = { PART_NAME "random_module", { "random" } },
	[RANDOM_TWO] = { PART_NAME "random_module", { "random", "two" } },
};

/* The data of two modules, as nginx 1.22 keeps them. */
struct hash_conf {
	NGX_PART(complex_value_t) key;
	struct points *points;
};

struct random_conf {
	ngx_uint_t two;
	struct range *ranges;
};

static ngx_module_t *find_module(ngx_conf_t *cf, const char *name)
{
	for (ngx_module_t **m = cf->cycle->modules; *m; m++) {
		if ((*m)->name && ngx_strcmp((*m)->name, name) == 0)
			return *m;
	}
	return NULL;
}

static void *conf_of(NGX_UPSTREAM(srv_conf_t) *us, const ngx_module_t *module)
{
	return us->srv_conf[module->ctx_index];
}

/* --- an upstream to try with ----------------------------------------------------------------- */

static const struct {
	const char *name;
	ngx_uint_t weight;
} trial_servers[] = { { "192.0.2.1:80", 3 }, { "192.0.2.2:8080", 1 }, { "[2001:db8::1]:80", 2 } };

#define SERVERS (sizeof(trial_servers) / sizeof(trial_servers[0]))

static ngx_int_t put_servers(ngx_conf_t *cf, NGX_UPSTREAM(srv_conf_t) *us)
{
	NGX_UPSTREAM(server_t) *servers;

	us->servers = ngx_array_create(cf->pool, SERVERS, sizeof(*servers));
	servers = us->servers ? ngx_array_push_n(us->servers, SERVERS) : NULL;
	if (!servers)
		return NGX_ERROR;
	ngx_memzero(servers, SERVERS * sizeof(*servers));
	for (ngx_uint_t i = 0; i < SERVERS; i++) {
		servers[i].addrs = ngx_pcalloc(cf->pool, sizeof(ngx_addr_t));
		if (!servers[i].addrs)
			return NGX_ERROR;
		servers[i].naddrs = 1;
		servers[i].name.data = (u_char *)trial_servers[i].name;
		servers[i].name.len = ngx_strlen(trial_servers[i].name);
		servers[i].weight = trial_servers[i].weight;
	}
	return NGX_OK;
}

/* As nginx makes one for "upstream trial { … }", with the data of one module. NULL: no memory. */
static NGX_UPSTREAM(srv_conf_t) *new_trial(ngx_conf_t *cf, const ngx_module_t *module)
{
	NGX_UPSTREAM(srv_conf_t) *us = ngx_pcalloc(cf->pool, sizeof(*us));
	NGX_PART(module_t) *context = module->ctx;

	if (!us)
		return NULL;
	us->srv_conf = ngx_pcalloc(cf->pool, sizeof(void *) * NGX_PART(max_module));
	if (!us->srv_conf || put_servers(cf, us) != NGX_OK)
		return NULL;
	ngx_str_set(&us->host, "trial");
	us->file_name = (u_char *)"zknginx";
	us->srv_conf[NGX_UPSTREAM(module).ctx_index] = us;
	if (context->create_srv_conf) {
		us->srv_conf[module->ctx_index] = context->create_srv_conf(cf);
		if (!us->srv_conf[module->ctx_index])
			return NULL;
	}
	return us;
}

static ngx_array_t *put_words(ngx_conf_t *cf, const char *const words[static WORDS])
{
	ngx_array_t *args = ngx_array_create(cf->pool, WORDS, sizeof(ngx_str_t));

	for (unsigned i = 0; args && i < WORDS && words[i]; i++) {
		ngx_str_t *word = ngx_array_push(args);

		word->data = (u_char *)words[i];
		word->len = ngx_strlen(words[i]);
	}
	return args;
}

/* Carry out a directive as if it stood in the trial's block. False: nginx did not take it. */
static bool give(ngx_conf_t *cf, NGX_UPSTREAM(srv_conf_t) *us, ngx_module_t *module,
		 const char *const words[static WORDS])
{
	NGX_PART(conf_ctx_t) context = *(NGX_PART(conf_ctx_t) *)cf->ctx;
	ngx_conf_t conf = *cf;

	context.srv_conf = us->srv_conf;
	conf.ctx = &context;
	conf.args = put_words(cf, words);
	if (!conf.args)
		return false;
	for (ngx_command_t *c = module->commands; c && c->name.len; c++) {
		if (ngx_strcmp(c->name.data, words[0]) == 0)
			return c->set(&conf, c, conf_of(us, module)) == NGX_CONF_OK;
	}
	return false;
}

/* --- what was expected ----------------------------------------------------------------------- */

static bool same_points(const struct points *ours, const struct points *theirs)
{
	if (!theirs || theirs->number != ours->number)
		return false;
	for (ngx_uint_t i = 0; i < ours->number; i++) {
		const ngx_str_t *a = ours->point[i].server, *b = theirs->point[i].server;

		if (ours->point[i].hash != theirs->point[i].hash || a->len != b->len ||
		    ngx_memcmp(a->data, b->data, a->len) != 0)
			return false;
	}
	return true;
}

static struct weighted_name *trial_names(ngx_log_t *log)
{
	struct weighted_name *names = ngx_alloc(SERVERS * sizeof(*names), log);

	for (ngx_uint_t i = 0; names && i < SERVERS; i++) {
		names[i].name.data = (u_char *)trial_servers[i].name;
		names[i].name.len = ngx_strlen(trial_servers[i].name);
		names[i].weight = trial_servers[i].weight;
	}
	return names;
}

static bool points_are_expected(ngx_conf_t *cf, const struct hash_conf *conf)
{
	const struct ring none = { .count = 0 };
	struct weighted_name *names = trial_names(cf->log);
	struct ring ring;
	bool same;

	if (!names || !ring_make(&none, names, SERVERS, &ring, cf->log)) {
		free(names);
		return false;
	}
	same = same_points(ring.points, conf->points);
	ring_fini(&ring);
	return same;
}

static bool ranges_are_expected(NGX_UPSTREAM(srv_conf_t) *us, const struct random_conf *conf,
				bool two)
{
	NGX_UPSTREAM(rr_peers_t) *peers = us->peer.data;
	NGX_UPSTREAM(rr_peer_t) *peer = peers->peer;
	ngx_uint_t sum = 0;

	if (conf->two != two || !conf->ranges)
		return false;
	for (ngx_uint_t i = 0; i < SERVERS; i++, peer = peer->next) {
		if (conf->ranges[i].peer != peer || conf->ranges[i].begin != sum)
			return false;
		sum += trial_servers[i].weight;
	}
	return true;
}

/* The lists of nginx are in a header, which may be of another build of the same version. */
static bool lists_are_expected(NGX_UPSTREAM(srv_conf_t) *us)
{
	NGX_UPSTREAM(rr_peers_t) *peers = us->peer.data;
	NGX_UPSTREAM(rr_peer_t) *peer = peers->peer;

	if (peers->number != SERVERS || peers->total_weight != 6 || peers->tries != SERVERS ||
	    peers->single || !peers->weighted || peers->next)
		return false;
	for (ngx_uint_t i = 0; i < SERVERS; i++, peer = peer->next) {
		if (!peer || peer->weight != (ngx_int_t)trial_servers[i].weight || peer->down)
			return false;
	}
	return !peer;
}

static bool is_expected(ngx_conf_t *cf, NGX_UPSTREAM(srv_conf_t) *us, enum balancer method,
			const ngx_module_t *module)
{
	if (us->peer.init_upstream(cf, us) != NGX_OK || !lists_are_expected(us))
		return false;
	switch (method) {
	case HASH_CONSISTENT:
		return points_are_expected(cf, conf_of(us, module));
	case RANDOM:
	case RANDOM_TWO:
		return ranges_are_expected(us, conf_of(us, module), method == RANDOM_TWO);
	default:
		return true;
	}
}

/* --- the methods ----------------------------------------------------------------------------- */

static ngx_int_t learn(struct balancers *b, ngx_conf_t *cf, enum balancer method)
{
	const char *name = methods[method].module;
	ngx_module_t *module = name ? find_module(cf, name) : &NGX_UPSTREAM(module);
	NGX_UPSTREAM(srv_conf_t) *us = module ? new_trial(cf, module) : NULL;

	if (!module)
		return NGX_OK;
	if (!us)
		return NGX_ERROR;
	us->srv_conf[NGX_UPSTREAM(module).ctx_index] = us;
	us->peer.init_upstream = name ? NULL : NGX_UPSTREAM(init_round_robin);
	if (name && !give(cf, us, module, methods[method].words))
		return NGX_OK;
	b->each[method].init = us->peer.init_upstream;
	b->each[method].expected = is_expected(cf, us, method, module);
	b->each[method].init_peer = us->peer.init;
	return NGX_OK;
}

static ngx_int_t learn_keepalive(struct balancers *b, ngx_conf_t *cf)
{
	static const char *const words[WORDS] = { "keepalive", "1" };
	NGX_UPSTREAM(srv_conf_t) *us;

	b->keepalive_module = find_module(cf, PART_NAME "keepalive_module");
	if (!b->keepalive_module)
		return NGX_OK;
	us = new_trial(cf, b->keepalive_module);
	if (!us)
		return NGX_ERROR;
	if (give(cf, us, b->keepalive_module, words))
		b->keepalive = us->peer.init_upstream;
	return NGX_OK;
}

ngx_int_t balancers_init(struct balancers *b, ngx_conf_t *cf)
{
	for (enum balancer i = ROUND_ROBIN; i < BALANCER_COUNT; i++) {
		if (learn(b, cf, i) != NGX_OK)
			return NGX_ERROR;
	}
	b->hash_module = find_module(cf, PART_NAME "hash_module");
	b->random_module = find_module(cf, PART_NAME "random_module");
	return learn_keepalive(b, cf);
}

static enum balancer find(const struct balancers *b, NGX_UPSTREAM(init_pt) init)
{
	enum balancer i;

	for (i = ROUND_ROBIN; i < BALANCER_COUNT; i++) {
		if (b->each[i].init && b->each[i].init == init)
			break;
	}
	return i;
}

/* keepalive keeps the method that it wraps somewhere in the first words of its data, of which nginx
 * 1.22 has ten. Exactly one of them has to be a known method. */
#define KEEPALIVE_WORDS 10
static enum balancer find_wrapped(const struct balancers *b, const void *conf)
{
	const NGX_UPSTREAM(init_pt) *words = conf;
	enum balancer found = BALANCER_COUNT;

	for (unsigned i = 0; i < KEEPALIVE_WORDS; i++) {
		enum balancer method = find(b, words[i]);

		if (method == BALANCER_COUNT)
			continue;
		if (found != BALANCER_COUNT)
			return BALANCER_COUNT;
		found = method;
	}
	return found;
}

enum balancer balancers_of(const struct balancers *b, NGX_UPSTREAM(srv_conf_t) *us)
{
	NGX_UPSTREAM(init_pt) init = us->peer.init_upstream;
	enum balancer method;

	if (!init)
		return ROUND_ROBIN;
	method = find(b, init);
	if (method == BALANCER_COUNT && init == b->keepalive)
		method = find_wrapped(b, conf_of(us, b->keepalive_module));
	/* both words of "random" have one function */
	if (method == RANDOM && ((struct random_conf *)conf_of(us, b->random_module))->two)
		method = RANDOM_TWO;
	return method;
}

NGX_UPSTREAM(init_peer_pt) *balancers_init_peer(const struct balancers *b,
						NGX_UPSTREAM(srv_conf_t) *us, enum balancer method)
{
	NGX_UPSTREAM(init_peer_pt) expected = b->each[method].init_peer, *words, *found = NULL;

	if (us->peer.init == expected)
		return &us->peer.init;
	if (!b->keepalive || us->peer.init_upstream != b->keepalive)
		return NULL;
	words = conf_of(us, b->keepalive_module);
	for (unsigned i = 0; i < KEEPALIVE_WORDS; i++) {
		if (words[i] != expected)
			continue;
		if (found)
			return NULL;
		found = &words[i];
	}
	return found;
}

struct points **balancers_points(const struct balancers *b, NGX_UPSTREAM(srv_conf_t) *us)
{
	return &((struct hash_conf *)conf_of(us, b->hash_module))->points;
}

struct range **balancers_ranges(const struct balancers *b, NGX_UPSTREAM(srv_conf_t) *us)
{
	return &((struct random_conf *)conf_of(us, b->random_module))->ranges;
}
