/*
 * A real `nginx -t` over generated text: an nginx.conf in the test's own directory,
 * with LIVE/http.conf and LIVE/stream.conf included where an operator includes them.
 */
#ifndef ZKNGINX_TESTS_RIG_CHECK_H
#define ZKNGINX_TESTS_RIG_CHECK_H

struct rig_program;

/* Directories, nginx.conf and a self-signed certificate; once for each test program. */
void rig_check_setup(void);
/* A self-signed certificate and its key, in these files. */
void rig_check_certificate(char *certificate, char *key);
/* The directory of the generated files. */
const char *rig_check_live(void);

/* The administrator's own file in http{}, after ours. */
void rig_check_other(const char *text);

/*
 * The text with the host's paths moved below the test's directory and each listen
 * moved to a free port of 127.0.0.1, so that nothing outside is touched.
 */
char *rig_check_localise(const char *text);

/* Writes both files as they are, runs nginx -t; its exit status, what it said in *output. */
int rig_check(const char *http, const char *stream, char **output);
/* The same by this nginx, and not the installed one. */
int rig_check_by(const struct rig_program *nginx, const char *http, const char *stream,
		 char **output);

#endif
