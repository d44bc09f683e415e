/* See address.h. */
#include "address.h"

bool address_parse(struct module_text name, ngx_pool_t *pool, ngx_addr_t *out)
{
	ngx_url_t url = { .default_port = 80, .no_resolve = 1 };

	url.url.len = name.size;
	url.url.data = ngx_pnalloc(pool, name.size + 1);
	if (!url.url.data)
		return false;
	ngx_memcpy(url.url.data, name.data, name.size);
	url.url.data[name.size] = '\0';
	if (ngx_parse_url(pool, &url) != NGX_OK || url.naddrs != 1 || url.uri.len ||
	    (CONTEXT == MODULE_STREAM && url.no_port) ||
	    url.addrs[0].name.len > NGX_SOCKADDR_STRLEN)
		return false;
	*out = url.addrs[0];
	return true;
}
