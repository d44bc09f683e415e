/*
 * What an installation from source has nginx load in the place of a module. nginx does not start
 * when a file that it loads is for another nginx, or names a function that this nginx does not
 *have; and a package manager replaces nginx without asking anyone. So nginx loads this file, which
 *needs nothing of nginx. It loads the module for the nginx that runs, if there is one, and
 *otherwise it gives nginx an empty list of modules. Then nginx starts, and its upstreams are
 *reloaded.
 *
 * Its own place tells where the modules are; a directory is for one nginx, and has the name of
 *that:
 *
 *	DIRECTORY/1.22.1-8,4,8,…/http.so	this file
 *	DIRECTORY/VERSION-SIGNATURE/ngx_http_zknginx_module.so	a module
 *
 * What nginx takes is in its own words: the version and the signature of its core module are what
 *it compares with those of a module.
 */
#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <ngx_config.h>
#include <ngx_core.h>

#ifdef ZKNGINX_STREAM
#define FILE_NAME "ngx_stream_zknginx_module.so"
#define NEEDED "ngx_stream_module"
#else
#define FILE_NAME "ngx_http_zknginx_module.so"
#define NEEDED "ngx_http_module"
#endif

/* What nginx looks up in a file that it loads. The program has lists of the same names, so nothing
 * here may use these names. */
static ngx_module_t *modules[2];
static char *names[2];
static char *order[1];

#define EXPORTED(name) __attribute__((visibility("default"), alias(name)))
extern EXPORTED("modules") ngx_module_t *ngx_modules[2];
extern EXPORTED("names") char *ngx_module_names[2];
extern EXPORTED("order") char *ngx_module_order[1];

static void *handle; /* of the module */

/* To the terminal of a test, or to nginx's log of errors. */
static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	char text[PATH_MAX + 512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	dprintf(STDERR_FILENO,
		"nginx: [notice] zknginx: servers of upstreams are changed by reloads: %s\n", text);
}

/* The directory that has those of all versions of nginx. */
static bool find_directory(char directory[static PATH_MAX])
{
	Dl_info info;

	if (!dladdr(&handle, &info) || !info.dli_fname || strlen(info.dli_fname) >= PATH_MAX)
		return false;
	strcpy(directory, info.dli_fname);
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(directory, '/');

		if (!slash)
			return false;
		*slash = '\0';
	}
	return true;
}

/* Debian's package of the module. nginx does not start with the same module twice. */
static bool is_loaded_already(const char *directory)
{
	char path[PATH_MAX + sizeof(FILE_NAME) + 4];
	void *there;

	snprintf(path, sizeof(path), "%s/../" FILE_NAME, directory);
	there = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	if (there)
		dlclose(there);
	return there;
}

static const char *take(const ngx_module_t *core)
{
	ngx_module_t **list = dlsym(handle, "ngx_modules");
	char **list_names = dlsym(handle, "ngx_module_names");

	if (!list || !list_names || !list[0])
		return "it has no module";
	if (list[0]->version != core->version || strcmp(list[0]->signature, core->signature) != 0)
		return "it is for another nginx";
	modules[0] = list[0];
	names[0] = list_names[0];
	return NULL;
}

static void load(const char *directory, const ngx_module_t *core)
{
	char path[PATH_MAX + 256];
	const char *why;

	snprintf(path, sizeof(path), "%s/%u.%u.%u-%s/" FILE_NAME, directory,
		 (unsigned)(core->version / 1000000), (unsigned)(core->version / 1000 % 1000),
		 (unsigned)(core->version % 1000), core->signature);
	if (access(path, F_OK) < 0) {
		say("there is no module for this nginx, which would be %s", path);
		return;
	}
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	why = handle ? take(core) : dlerror();
	if (why)
		say("%s cannot be loaded: %s", path, why);
}

/* An nginx without stream, or without http, has no use for the module. */
__attribute__((constructor)) static void on_load(void)
{
	const ngx_module_t *core = dlsym(RTLD_DEFAULT, "ngx_core_module");
	char directory[PATH_MAX];

	if (core && dlsym(RTLD_DEFAULT, NEEDED) && find_directory(directory) &&
	    !is_loaded_already(directory))
		load(directory, core);
}

__attribute__((destructor)) static void on_unload(void)
{
	if (handle)
		dlclose(handle);
}
