/* Certificates from openssl(1). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rig_authority.h"

void rig_openssl(const char *command_line, ...)
{
	char line[2048] = "openssl ";
	char *argv[] = { "sh", "-c", line, NULL }, *output;
	va_list args;

	va_start(args, command_line);
	vsnprintf(line + 8, sizeof(line) - 16, command_line, args);
	va_end(args);
	snprintf(line + strlen(line), 8, " 2>&1");
	if (rig_run(&output, argv) != 0)
		fail_msg("%s: %s", line, output);
}

void rig_authority(const char *name)
{
	rig_openssl("req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=%s -keyout %s -out %s",
		    name, rig_path("%s.key", name), rig_path("%s.crt", name));
}

void rig_authority_sign(const char *name, const char *authority, const char *names, int days)
{
	const char *key = rig_path("%s.key", name), *csr = rig_path("%s.csr", name),
		   *crt = rig_path("%s.crt", name), *extensions = rig_path("%s.ext", name);

	const char *subject = strchr(names, ':') + 1;

	rig_write(extensions, "subjectAltName=%s\n", names);
	rig_openssl("req -new -newkey rsa:2048 -nodes -subj /CN=%.*s -keyout %s -out %s",
		    (int)strcspn(subject, ","), subject, key, csr);
	if (days < 0) /* valid for no time: it ends as it begins */
		rig_openssl("x509 -req -in %s -CA %s -CAkey %s -CAcreateserial -days 0 -extfile %s "
			    "-out %s",
			    csr, rig_path("%s.crt", authority), rig_path("%s.key", authority),
			    extensions, crt);
	else
		rig_openssl(
			"x509 -req -in %s -CA %s -CAkey %s -CAcreateserial -days %d -extfile %s "
			"-out %s",
			csr, rig_path("%s.crt", authority), rig_path("%s.key", authority), days,
			extensions, crt);
	rig_openssl("pkcs12 -export -in %s -inkey %s -certfile %s -name %s -passout pass:changeit "
		    "-out %s",
		    crt, key, rig_path("%s.crt", authority), name, rig_path("%s.p12", name));
}

void rig_trust_store(const char *authority)
{
	char *argv[] = { "keytool",
			 "-importcert",
			 "-noprompt",
			 "-alias",
			 "ca",
			 "-storetype",
			 "PKCS12",
			 "-storepass",
			 "changeit",
			 "-file",
			 rig_path("%s.crt", authority),
			 "-keystore",
			 rig_path("%s.p12", authority),
			 NULL };

	if (rig_run(NULL, argv) != 0)
		fail_msg("keytool failed");
}
