# zknginx: everything is built below $(B), nothing beside the sources.
#
#	make deps       install what building needs (as root)
#	make            build/zknginxd and build/zknginxctl
#	make module     the modules of nginx, for the nginx-dev that is installed
#	make demo       a ZooKeeper, an nginx and the daemon on loopback; DEMO_ONCE=1 ends by itself
#	make demo-picture  the picture of it in the README
#	make check      every test; installs the packages that are missing first (as root)
#	make asan tsan  the tests under the sanitizers, in build directories of their own
#	make schema     writes conf/schema from the tables of fields
#	make lint       formatting, static analysis, man pages, the unit's exposure
#	make bench      how long an edit and a rollout take, beside a floor measured in the same run
#	make check-ui   the page of "zknginxctl ui" in a real, headless Chromium;
#	                make bench-ui: how fast it is with 500 hosts and 2,000 upstreams
#	make check-faults  faults injected into real parts, and a table of what came of each
#	make soak fuzz  slow suites; SOAK_MINUTES=60
#	make check-module  the modules of nginx for long; check-module-asan, check-module-valgrind
#	make attack     hostile snippets against the policy and a real nginx
#	make install    DESTDIR, PREFIX and SYSCONFDIR are honoured; make uninstall
#	make install-module  what `make module` has built, so that nginx always starts; make uninstall-module
#	make dist       build/zknginx-VERSION.tar.gz, a source archive
#	make deb        Debian packages of that archive, in build/deb; make check-deb checks them
#	make check-systemd  boots Debian in a container, installs the package and follows the README
#	make check-container  conf/container, without a container engine

B ?= build

# Through sudo, what is built goes to whoever called it, however the run ends: else the next plain
# `make` could not write there. Root alone (a container, CI) keeps what it builds.
SUDO_OWNER := $(if $(filter 0,$(shell id -u)),$(addsuffix :$(SUDO_GID),$(filter-out 0,$(SUDO_UID))))
hand_back = $(if $(SUDO_OWNER),test ! -e $(B) || chown -Rh --from=0 $(SUDO_OWNER) $(B),:)

ifneq ($(if $(HANDED_BACK),,$(SUDO_OWNER)),)
.PHONY: through-sudo $(or $(MAKECMDGOALS),all)
$(or $(MAKECMDGOALS),all): through-sudo
	@:
through-sudo:
	@trap '$(hand_back)' EXIT INT TERM; $(MAKE) --no-print-directory HANDED_BACK=1 $(MAKECMDGOALS)
else

V ?=
Q := $(if $(V),,@)
say = $(if $(V),:,printf '  %-7s %s\n' $(1) $(2))

VERSION := 0.1.0
# A source archive has the file. Without optional locks: through sudo, git would leave an index that
# belongs to root.
REVISION := $(shell cat conf/revision 2>/dev/null || \
	GIT_OPTIONAL_LOCKS=0 git describe --always --dirty 2>/dev/null || echo unknown)

# Debian's packages (12 and 13), one list for each use. Each list contains only what the use adds.
BUILD_PACKAGES := gcc make pkg-config libc6-dev libzookeeper-mt-dev libconfig-dev libsystemd-dev \
	libjansson-dev libmicrohttpd-dev libssl-dev uthash-dev zlib1g-dev
DEMO_PACKAGES := zookeeper nginx libnginx-mod-stream curl
TEST_PACKAGES := libcmocka-dev default-jdk-headless libcurator-client-java libcurator-framework-java \
	libcurator-recipes-java libcurator-discovery-java openssl procps git mandoc nginx-dev prometheus
FAULT_PACKAGES := strace
MODULE_PACKAGES := valgrind libpcre2-dev dpkg-dev
# playwright-core comes from npm, into the build directory. A node that brings its own npm will do.
UI_PACKAGES := chromium fonts-dejavu-core $(if $(shell command -v npm),,nodejs npm)
LINT_PACKAGES := clang clang-format clang-tidy libclang-rt-dev cppcheck systemd
PACKAGE_PACKAGES := build-essential dpkg-dev debhelper nginx nginx-dev libcmocka-dev lintian
SYSTEMD_PACKAGES := debootstrap systemd-container

CC ?= gcc
LIBRARIES := libconfig libsystemd jansson libmicrohttpd libssl libcrypto zlib
# Looked up when a recipe runs, so that `make deps` can come first.
CFLAGS_LIBS = $(shell pkg-config --cflags $(LIBRARIES))
LDLIBS_CORE = $(shell pkg-config --libs jansson libcrypto zlib)
LDLIBS = $(shell pkg-config --libs $(LIBRARIES)) -lzookeeper_mt -lpthread

try = $(shell echo 'int main(void){return 0;}' | $(CC) -Werror $(1) -x c - -o /dev/null 2>/dev/null && echo '$(1)')
WARNINGS := -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wimplicit-fallthrough -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Werror=format-security -Werror=implicit \
	-Werror=incompatible-pointer-types -Werror=int-conversion \
	$(call try,-Wtrampolines) $(call try,-Wbidi-chars=any) $(if $(WERROR),-Werror)
HARDENING := -fstack-protector-strong -fno-delete-null-pointer-checks -fno-strict-overflow \
	-fno-strict-aliasing -fexceptions $(call try,-fstack-clash-protection) \
	$(call try,-fcf-protection=full) $(call try,-ftrivial-auto-var-init=zero) \
	$(call try,-fstrict-flex-arrays=3)
# -D_FORTIFY_SOURCE and sanitizers do not go together.
FORTIFY := $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
SANITIZERS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)

override CPPFLAGS += -D_GNU_SOURCE -DTHREADED -Iinclude -Isrc -DZKNGINX_VERSION='"$(VERSION)"' \
	-DZKNGINX_BUILD='"$(REVISION)"' $(FORTIFY)
OPTIMIZE ?= -O2 -g
GIVEN_CFLAGS := $(CFLAGS)
GIVEN_LDFLAGS := $(LDFLAGS)
override CFLAGS := -std=gnu17 $(OPTIMIZE) -fvisibility=hidden -fPIE -MMD -MP $(WARNINGS) $(HARDENING) \
	$(SANITIZERS) $(GIVEN_CFLAGS)
override LDFLAGS += -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen,--as-needed,--no-copy-dt-needed-entries \
	$(SANITIZERS)

CORE := $(patsubst %.c,$(B)/%.o,$(wildcard src/base/*.c src/core/*/*.c))
WINGS := $(patsubst %.c,$(B)/%.o,$(wildcard src/sys/*.c src/zk/*.c src/nginx/*.c src/host/*.c))
DUTIES := $(patsubst %.c,$(B)/%.o,$(wildcard src/agent/*.c src/leader/*.c src/report/*.c src/preview/*.c))
TOP := $(patsubst %.c,$(B)/%.o,$(wildcard src/*.c))
CTL := $(patsubst %.c,$(B)/%.o,$(wildcard src/ctl/*.c src/ctl/*/*.c)) $(B)/src/ctl/ui/page_html.o
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
# TESTS="mirror tls" builds and runs these integration programs alone.
INTEGRATION_TESTS := $(patsubst %.c,$(B)/%,$(wildcard \
	$(if $(TESTS),$(TESTS:%=tests/integration/test_%.c),tests/integration/test_*.c)))
RIG := $(patsubst %.c,$(B)/%.o,$(filter-out tests/integration/test_%,$(wildcard tests/integration/*.c)))
MODULE_SOURCES := $(wildcard src/module/*.c)
SOURCES := $(wildcard include/zknginx/*.h src/*.[ch] src/*/*.[ch] src/*/*/*.[ch] tests/*/*.[ch])

.PHONY: all
all: $(B)/zknginxd $(B)/zknginxctl

$(B)/libcore.a: $(CORE)
	@$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/libwings.a: $(WINGS)
	@$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/zknginxd: $(TOP) $(DUTIES) $(B)/libwings.a $(B)/libcore.a
	@$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/zknginxctl: $(CTL) $(filter $(B)/src/preview/%,$(DUTIES)) $(B)/libwings.a $(B)/libcore.a
	@$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The page of `zknginxctl ui` is an array of bytes in the program.
$(B)/src/ctl/ui/page_html.c: src/ctl/ui/page.html
	@$(call say,OD,$<)
	$(Q)mkdir -p $(@D)
	$(Q){ echo '#include "ctl/ui/page.h"'; echo 'const unsigned char page_html[] = {'; \
		od -An -v -tu1 $< | sed 's/[0-9][0-9]*/&,/g'; \
		echo '};'; echo 'const size_t page_html_size = sizeof(page_html);'; } >$@

$(B)/src/ctl/ui/page_html.o: $(B)/src/ctl/ui/page_html.c
	@$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/%.o: %.c
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_LIBS) $(CFLAGS) -c -o $@ $<

# Unit tests see the pure core alone: what it may not use, they cannot link.
$(UNIT_TESTS): $(B)/%: $(B)/%.o $(B)/libcore.a
	@$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS_CORE) -lcmocka

# It looks at all objects of the daemon, and links none of them.
$(B)/tests/unit/test_call_circles: | $(CORE) $(WINGS) $(DUTIES) $(TOP) $(CTL)

# The preview has no ZooKeeper and deploys nothing: its test has just what it needs to link.
PREVIEW_TEST := $(B)/tests/integration/test_preview
PREVIEW := $(patsubst %.c,$(B)/%.o,src/preview/preview.c src/nginx/master.c src/nginx/proc.c src/nginx/host_files.c \
	$(wildcard src/sys/*.c src/host/settings*.c src/nginx/sandbox*.c src/nginx/nginx_*.c) \
	$(patsubst %,src/nginx/%.c,enclosed helper_channel helper_wire look peek))
PREVIEW_RIG := $(patsubst %,$(B)/tests/integration/%.o,rig rig_alone rig_nginx)
$(PREVIEW_TEST): $(PREVIEW_TEST).o $(PREVIEW_RIG) $(PREVIEW) $(B)/libcore.a
	@$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(filter-out -lzookeeper_mt,$(LDLIBS)) -lcmocka

# The report and the alarm run without a daemon.
$(B)/tests/integration/test_report: $(filter $(B)/src/report/%,$(DUTIES))

$(filter-out $(PREVIEW_TEST),$(INTEGRATION_TESTS)): $(B)/%: $(B)/%.o $(RIG) $(B)/libwings.a $(B)/libcore.a
	@$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lcmocka

# The trial and the permission run without a daemon.
$(B)/tests/integration/test_trial: $(B)/src/agent/trial.o
$(B)/tests/integration/test_permission: $(B)/src/agent/permission.o $(B)/src/agent/trust.o

# The leader needs nothing of the daemon.
$(B)/tests/integration/test_leader: $(patsubst %.c,$(B)/%.o,$(wildcard src/leader/*.c))

.SECONDARY:
# Not those of sources that are unpacked there.
-include $(shell find $(B) \( $(patsubst %,-path $(B)/% -o,dist deb again) -path $(B)/systemd \) -prune \
	-o -type f -name '*.d' -print 2>/dev/null)

# --- modules of nginx -------------------------------------------------------------------------

# Built with nginx's own headers as its packages install them, and configured as those say. Of the
# daemon they have core/wire/module_wire.c alone. What `make install-module` has nginx load is a
# loader, so that nginx starts whatever the package manager makes of it: see src/module/loader.c.
NGINX_DEV ?= /usr/share/nginx/src
NGINX_SRC := $(B)/module/nginx
NGINX_READY := $(NGINX_SRC)/objs/ngx_auto_config.h
MODULE_PARTS := $(filter-out loader,$(patsubst src/module/%.c,%,$(MODULE_SOURCES))) module_wire
MODULES := $(B)/module/ngx_http_zknginx_module.so $(B)/module/ngx_stream_zknginx_module.so
LOADERS := $(B)/module/http.so $(B)/module/stream.so
# They dump their lists, and take the path of the daemon's socket from the environment.
TEST_MODULES := $(patsubst $(B)/module/%,$(B)/module/test/%,$(MODULES))
MODULE_CPPFLAGS := -D_GNU_SOURCE -Isrc -DZKNGINX_VERSION='"$(VERSION)"' $(FORTIFY) \
	$(patsubst %,-isystem $(NGINX_SRC)/%,src/core src/event src/event/modules src/event/quic src/os/unix src/http \
	src/http/modules src/http/v2 src/http/v3 src/stream objs)
MODULE_CFLAGS := -std=gnu17 $(OPTIMIZE) -fvisibility=hidden -fPIC -MMD -MP $(WARNINGS) $(HARDENING) \
	$(GIVEN_CFLAGS)

HAS_NGINX_DEV := $(wildcard $(NGINX_DEV)/configure)

.PHONY: module no-nginx-dev
module: $(if $(HAS_NGINX_DEV),$(MODULES) $(LOADERS),no-nginx-dev)
no-nginx-dev:
	@echo "the modules of nginx: install nginx-dev first"; exit 1

# nginx's configure wants to write into its own directory. When another nginx-dev is installed, all is
# built again; its files may be older than what was built.
NGINX_ID = $(shell cat $(NGINX_DEV)/conf_flags $(NGINX_DEV)/src/*/*.h | cksum | cut -d' ' -f1)
$(NGINX_READY): FORCE
	$(Q)test "$$(cat $(NGINX_SRC)/id 2>&1)" = $(NGINX_ID) || { \
		$(call say,CONF,$(NGINX_SRC)); \
		rm -rf $(NGINX_SRC) && mkdir -p $(NGINX_SRC) && cp -rs $(NGINX_DEV)/. $(NGINX_SRC) && \
		(cd $(NGINX_SRC) && bash -c '. ./conf_flags && ./configure "$${NGX_CONF_FLAGS[@]}"') \
			>$(B)/module/configure.out && echo $(NGINX_ID) >$(NGINX_SRC)/id; }

.PHONY: FORCE
FORCE:

# $(1): directory, $(2): flags.
define module_rules
$(B)/module/$(1)/%.o: src/module/%.c $(NGINX_READY)
	@$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(MODULE_CPPFLAGS) $(2) $$(MODULE_CFLAGS) -c -o $$@ $$<
$(B)/module/$(1)/module_wire.o: src/core/wire/module_wire.c
	@$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) -Isrc $$(FORTIFY) $$(MODULE_CFLAGS) -c -o $$@ $$<
endef
$(eval $(call module_rules,http,))
$(eval $(call module_rules,stream,-DZKNGINX_STREAM))
$(eval $(call module_rules,test/http,-DZKNGINX_MODULE_TEST))
$(eval $(call module_rules,test/stream,-DZKNGINX_MODULE_TEST -DZKNGINX_STREAM))

$(MODULES) $(TEST_MODULES): $(B)/module/%_zknginx_module.so:
$(LOADERS): $(B)/module/%.so: $(B)/module/%/loader.o
$(MODULES) $(TEST_MODULES) $(LOADERS):
	@$(call say,LD,$@)
	$(Q)$(CC) -shared $(GIVEN_LDFLAGS) -Wl,-z,relro,-z,now,-z,noexecstack -o $@ $^
$(foreach d,. test,$(foreach c,http stream,$(eval $(B)/module/$(d:.=)$(if $(d:.=),/)ngx_$(c)_zknginx_module.so: \
	$(patsubst %,$(B)/module/$(d:.=)$(if $(d:.=),/)$(c)/%.o,$(MODULE_PARTS)))))

# --- packages that are needed -----------------------------------------------------------------

.PHONY: deps demo-deps test-deps faults-deps module-deps ui-deps lint-deps package-deps systemd-deps
deps: PACKAGES = $(BUILD_PACKAGES)
demo-deps: PACKAGES = $(BUILD_PACKAGES) $(DEMO_PACKAGES)
test-deps: PACKAGES = $(BUILD_PACKAGES) $(DEMO_PACKAGES) $(TEST_PACKAGES)
faults-deps: PACKAGES = $(BUILD_PACKAGES) $(DEMO_PACKAGES) $(TEST_PACKAGES) $(FAULT_PACKAGES)
module-deps: PACKAGES = $(BUILD_PACKAGES) $(DEMO_PACKAGES) $(TEST_PACKAGES) $(MODULE_PACKAGES)
ui-deps: PACKAGES = $(BUILD_PACKAGES) $(DEMO_PACKAGES) $(TEST_PACKAGES) $(UI_PACKAGES)
lint-deps: PACKAGES = $(BUILD_PACKAGES) $(DEMO_PACKAGES) $(TEST_PACKAGES) $(LINT_PACKAGES)
package-deps: PACKAGES = $(BUILD_PACKAGES) $(PACKAGE_PACKAGES)
systemd-deps: PACKAGES = $(BUILD_PACKAGES) $(PACKAGE_PACKAGES) $(SYSTEMD_PACKAGES)
deps demo-deps test-deps faults-deps module-deps ui-deps lint-deps package-deps systemd-deps:
	$(Q).ci/install-packages $(PACKAGES)

# --- tests ------------------------------------------------------------------------------------

.PHONY: demo
demo: demo-deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(hand_back) # it may stay up for long
	$(Q)tests/demo/demo.sh $(B)/zknginxd $(B)/zknginxctl

# The picture in the README; a test fails when the demo is a newer one.
.PHONY: demo-picture
demo-picture: all
	$(Q)tests/demo/picture.sh $(B)/zknginxd $(B)/zknginxctl >$(B)/demo.svg
	$(Q)cp $(B)/demo.svg tests/demo/demo.svg

.PHONY: check unit integration golden-update schema
check: test-deps
	$(Q)$(MAKE) --no-print-directory $(ALL_CORES) programs
	$(Q)$(MAKE) --no-print-directory unit integration

# What the tests need, on all cores; the tests themselves run in an order of their own.
ALL_CORES = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
.PHONY: programs integration-programs
programs: $(UNIT_TESTS) integration-programs
integration-programs: all $(INTEGRATION_TESTS) test-parts

# All of them run, so that one report tells all that is broken.
verdict = test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

# Programs $(1), $(2) of them side by side; what each prints comes in one piece.
side_by_side = rm -f $(addsuffix .failed,$(1)); \
	printf '%s\n' $(1) | $(RUN) xargs -P $(2) -I T sh -c \
		'T >T.out 2>&1 || touch T.failed; exec flock $(B)/out.lock sh -c "echo == T; cat T.out"'; \
	failed=; for t in $(1); do test ! -e $$t.failed || failed="$$failed $$t"; done; $(verdict)

unit: $(UNIT_TESTS)
	$(Q)$(call side_by_side,$^,$(shell nproc))

# A person reads the diff that this leaves.
golden-update: $(B)/tests/unit/test_golden $(B)/tests/unit/test_status
	$(Q)for t in $^; do GOLDEN_UPDATE=1 $$t || exit 1; done

# conf/schema, from the tables of fields.
schema: $(B)/tests/unit/test_schema
	$(Q)SCHEMA_UPDATE=1 $<

# An application that registers itself with Curator, and a client that looks services up; its jars
# name the others that they need.
CURATOR_JAR := /usr/share/java/curator-x-discovery.jar
CURATOR_CLASSPATH := $(B)/tests/integration/curator:$(CURATOR_JAR)
CURATOR_CLASSES := $(patsubst %.java,$(B)/%.class,$(wildcard tests/integration/curator/*.java))
$(CURATOR_CLASSES): $(B)/%.class: %.java
	@$(call say,JAVAC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)javac -Xlint:all,-path -cp $(CURATOR_JAR) -d $(@D) $<

# What the JVM makes of ZooKeeper's classes at each start, once for all starts of the tests. It ignores
# an archive that is not of its own version.
CLASS_ARCHIVE := $(B)/tests/integration/zookeeper.jsa
$(CLASS_ARCHIVE): tests/integration/class_archive.sh
	@$(call say,JSA,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$< $@

# What the integration programs use beside themselves.
.PHONY: test-parts
test-parts: $(CURATOR_CLASSES) $(CLASS_ARCHIVE) $(if $(HAS_NGINX_DEV),$(TEST_MODULES) $(MODULES) $(LOADERS))

# A program waits most of its time, for sessions to end and revisions to bake, and has a network of
# its own (rig_alone.c): so several run side by side, the longest ones first. Where there is no
# network to be had, they run one by one. With a sanitizer they use the processor most of their time.
JOBS ?= $(shell unshare -n true 2>/dev/null && echo $$(($(if $(SANITIZE),2,3) * $$(nproc) + 1)) || echo 1)
LONGEST := $(patsubst %,$(B)/tests/integration/test_%,nginx_replaced rolled_back signed rollout_leader checks \
	rollout_faults rollout rolled_back_fleet ctl_status ctl_act daemon refused unfinished_push \
	rollout_abuse clashes not_included rollout_requests long_search ctl_push_faults ctl_follow \
	discovery_loss helper_unit ctl_ui outage mirror_faults election_faults ctl_upstreams)
# In the order of LONGEST, which filter alone would not keep.
IN_TURN := $(foreach t,$(LONGEST),$(filter $(t),$(INTEGRATION_TESTS))) $(filter-out $(LONGEST),$(INTEGRATION_TESTS))
RUN := ZKNGINX_MODULES=$(abspath $(B))/module/test ZKNGINXD=$(B)/zknginxd ZKNGINXCTL=$(B)/zknginxctl CURATOR_CLASSPATH=$(CURATOR_CLASSPATH) \
	CLASS_ARCHIVE=$(abspath $(CLASS_ARCHIVE))
integration: integration-programs
	$(Q)$(call side_by_side,$(IN_TURN),$(JOBS))

# Each sanitizer has a build directory of its own. A leak or a race ends the test.
.PHONY: asan tsan
ASAN = B=$(B)/asan SANITIZE=address,undefined OPTIMIZE="-O1 -g"
asan:
	$(Q)$(MAKE) --no-print-directory $(ALL_CORES) $(ASAN) programs
	$(Q)LSAN_OPTIONS="suppressions=$(abspath tests/lsan.supp):print_suppressions=0:$$LSAN_OPTIONS" \
		$(MAKE) --no-print-directory $(ASAN) unit integration

# Threads are those of libzookeeper (src/zk), of the HTTP server (src/sys/http_server.c), and the ones that
# resolve names. These programs reach all of them, in the daemon and in zknginxctl; TESTS= runs
# every program.
THREADED := session session_faults session_impostor mirror mirror_faults election election_faults \
	relay_peer hostile tls outage churn names http daemon signals settings discovery discovery_loss \
	fleet fleet_duplicate fleet_service leader rollout rollout_leader rollout_faults rolled_back \
	monitor disk helper ctl ctl_follow ctl_push ctl_ui
# libzookeeper and libmicrohttpd are not built with it; what it cannot see it must not judge. The core,
# which the unit programs are about, has no threads.
TSAN = B=$(B)/tsan SANITIZE=thread OPTIMIZE="-O1 -g" TESTS="$(TESTS)"
tsan: TESTS ?= $(THREADED)
tsan:
	$(Q)$(MAKE) --no-print-directory $(ALL_CORES) $(TSAN) integration-programs
	$(Q)TSAN_OPTIONS="halt_on_error=1 ignore_noninstrumented_modules=1 $$TSAN_OPTIONS" \
		$(MAKE) --no-print-directory $(TSAN) integration

# --- slower suites ----------------------------------------------------------------------------

# The long form of the churn tests: ten rounds at 10,000 servers, 200 kills, 200 publications. Then
# random edits and faults for SOAK_MINUTES: no request fails, and the daemon does not grow.
SOAK_MINUTES ?= 10
.PHONY: soak bench fuzz attack
soak: test-deps
	$(Q)$(MAKE) --no-print-directory $(B)/zknginxd $(B)/tests/integration/test_churn $(B)/tests/soak/soak
	$(Q)CHURN_FULL=1 ZKNGINXD=$(B)/zknginxd $(B)/tests/integration/test_churn
	$(Q)SOAK_MINUTES=$(SOAK_MINUTES) ZKNGINXD=$(B)/zknginxd $(B)/tests/soak/soak

# The modules of nginx: after MODULE_CHANGES changes of each upstream all is as a reload of the same
# text makes it, and no request fails during 16 times MODULE_STORM changes; then the same for
# SOAK_MINUTES with the real daemon. The other two need
# nginx's source: NGINX_TREE, or that of Debian, which is fetched.
MODULE_TESTS := $(B)/tests/integration/test_module $(B)/tests/integration/test_module_load
MODULE_CHANGES ?= 10000
MODULE_STORM ?= 6250
.PHONY: check-module check-module-asan check-module-valgrind
check-module: test-deps
	$(Q)$(MAKE) --no-print-directory $(B)/zknginxd $(MODULE_TESTS) $(B)/tests/soak/module_soak $(TEST_MODULES)
	$(Q)failed=; for t in $(MODULE_TESTS) $(B)/tests/soak/module_soak; do \
		MODULE_CHANGES=$(MODULE_CHANGES) MODULE_STORM=$(MODULE_STORM) SOAK_MINUTES=$(SOAK_MINUTES) $(RUN) $$t || \
		failed="$$failed $$t"; done; $(verdict)

# Slower by far, so with fewer changes.
check-module-asan: MODULE_CHANGES = 2000
check-module-asan: MODULE_STORM = 1250
check-module-valgrind: MODULE_CHANGES = 120
check-module-valgrind: MODULE_STORM = 60
check-module-asan check-module-valgrind: check-module-%: module-deps
	$(Q)$(MAKE) --no-print-directory $(MODULE_TESTS)
	$(Q)MODULE_CHANGES=$(MODULE_CHANGES) MODULE_STORM=$(MODULE_STORM) NGINX_TREE="$(NGINX_TREE)" \
		MAKE="$(MAKE)" CC="$(CC)" tests/module/check.sh $* $(B) $(NGINX_DEV)

# Hostile snippets: what passes the policy is served, and asked for files that it must not serve.
# The seed is printed; ATTACK_SEED=N makes the same attack again.
ATTACK_TRIES ?= 100000
ATTACK_SEED ?= $(shell date +%s)
attack: test-deps
	$(Q)$(MAKE) --no-print-directory $(B)/tests/integration/test_policy_attack
	$(Q)ATTACK_TRIES=$(ATTACK_TRIES) ATTACK_SEED=$(ATTACK_SEED) \
		$(B)/tests/integration/test_policy_attack

# Faults injected into real parts, one program for each family, and what came of each: a table.
FAULTS := $(patsubst %.c,$(B)/%,$(wildcard tests/faults/fault_*.c))
FAULT_GROUND := $(patsubst %.c,$(B)/%.o,$(filter-out tests/faults/fault_%,$(wildcard tests/faults/*.c)))
CLOCK_SHIM := $(B)/tests/faults/clock_shim.so
FAULT_GROUND := $(filter-out %/clock_shim.o,$(FAULT_GROUND))

.PHONY: check-faults
check-faults: faults-deps
	$(Q)$(MAKE) --no-print-directory $(B)/zknginxd $(FAULTS) $(CLOCK_SHIM)
	$(Q)rm -f $(B)/faults.rows; printf '%s\n' $(FAULTS) | FAULT_ROWS=$(B)/faults.rows \
		CLOCK_SHIM_SO=$(abspath $(CLOCK_SHIM)) $(RUN) xargs -P $(JOBS) -I T sh -c 'T >T.out 2>&1'; \
		tests/faults/table.sh $(B)/faults.rows

# The page in a real, headless Chromium. The lock file names the one version of playwright-core and
# its hash, which npm compares. Pictures of the page are left in $(B)/page.
PAGE_TESTS := $(B)/tests/page/test_page
PAGE_BENCH := $(B)/tests/page/bench_page
PAGE_RIG := $(patsubst %.c,$(B)/%.o,$(wildcard tests/page/rig_*.c))
PAGE_MODULES := $(B)/page/node_modules/.package-lock.json
.PHONY: check-ui bench-ui
check-ui: PAGE_PROGRAM = $(PAGE_TESTS)
bench-ui: PAGE_PROGRAM = $(PAGE_BENCH)
check-ui bench-ui: ui-deps
	$(Q)tests/page/can_run.sh $@ || exit 0; \
		$(MAKE) --no-print-directory $(B)/zknginxd $(B)/zknginxctl $(PAGE_PROGRAM) $(PAGE_MODULES) && \
		PAGE_MODULES=$(abspath $(B))/page PAGE_PICTURES=$(abspath $(B))/page $(RUN) $(PAGE_PROGRAM)

$(PAGE_MODULES): $(wildcard tests/page/package*.json)
	@$(call say,NPM,$(@D))
	$(Q)mkdir -p $(B)/page && cp $^ $(B)/page && \
		npm ci --prefix $(B)/page --ignore-scripts --no-audit --no-fund --loglevel=error
	$(Q)touch $@

$(PAGE_TESTS) $(PAGE_BENCH): $(B)/%: $(B)/%.o $(PAGE_RIG) $(RIG) $(B)/libwings.a $(B)/libcore.a
	@$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lcmocka

$(CLOCK_SHIM): tests/faults/clock_shim.c
	@$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu17 -O2 $(WARNINGS) -fvisibility=hidden -fPIC -shared -o $@ $<

$(FAULTS) $(B)/tests/soak/soak $(B)/tests/soak/module_soak: $(B)/%: $(B)/%.o $(FAULT_GROUND) $(RIG) $(B)/libwings.a $(B)/libcore.a
	@$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lcmocka

# Figures beside a floor of the same run; SIZES="100 1000" for fewer servers, HOSTS=50 for a
# smaller fleet than 200. What the relay costs is measured last; ZNODES=10000 for fewer znodes.
# What needs the modules of nginx is left out where nginx-dev is not installed. bench_storm needs wrk.
BENCH_OF_MODULE := $(if $(HAS_NGINX_DEV),$(TEST_MODULES) $(B)/tests/bench/bench_servers $(B)/tests/bench/bench_storm)
bench: test-deps
	$(Q)$(MAKE) --no-print-directory $(B)/zknginxd $(B)/tests/bench/bench_edit $(B)/tests/bench/bench_spine \
		$(B)/tests/bench/bench_fleet $(B)/tests/bench/bench_relay $(B)/tests/bench/bench_checks \
		$(B)/tests/bench/bench_scrape $(B)/tests/bench/zknginxd $(BENCH_OF_MODULE)
	$(Q)$(B)/tests/bench/bench_spine $(SIZES)
	$(Q)for b in $(filter %/bench_servers,$(BENCH_OF_MODULE)); do $(RUN) $$b $(SIZES); done
	$(Q)for b in $(filter %/bench_storm,$(BENCH_OF_MODULE)); do $(RUN) $$b; done
	$(Q)ZKNGINXD=$(B)/zknginxd $(B)/tests/bench/bench_edit $(SIZES)
	$(Q)ZKNGINXD=$(B)/zknginxd $(B)/tests/bench/bench_scrape
	$(Q)$(B)/tests/bench/bench_fleet $(HOSTS)
	$(Q)$(B)/tests/bench/bench_checks
	$(Q)ZKNGINXD=$(B)/tests/bench/zknginxd $(B)/tests/bench/bench_relay $(ZNODES)

# The leader's work is the daemon's own; nothing of the daemon is faked.
$(B)/tests/bench/bench_edit: $(B)/tests/bench/bench_edit.o
$(B)/tests/bench/bench_servers $(B)/tests/bench/bench_storm: $(B)/tests/bench/%: $(B)/tests/bench/%.o $(B)/tests/bench/module_host.o
$(B)/tests/bench/bench_servers: $(B)/tests/bench/wake.o
$(B)/tests/bench/bench_spine: $(B)/tests/bench/bench_spine.o
$(B)/tests/bench/bench_scrape: $(B)/tests/bench/bench_scrape.o
$(B)/tests/bench/bench_fleet: $(patsubst %.c,$(B)/%.o,tests/bench/bench_fleet.c $(wildcard src/leader/*.c))
$(B)/tests/bench/bench_checks: $(B)/tests/bench/bench_checks.o $(B)/libwings.a $(B)/libcore.a
	@$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(addprefix $(B)/tests/bench/bench_,edit servers storm spine scrape fleet): $(RIG) $(B)/libwings.a $(B)/libcore.a
	@$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lcmocka

# A daemon with a switch that only the benchmark has: it can do without the relay.
DIRECT := -Wl,--wrap=relay_address -Wl,--wrap=relay_set_servers
$(B)/tests/bench/zknginxd: $(B)/tests/bench/direct.o $(TOP) $(DUTIES) $(B)/libwings.a $(B)/libcore.a
	@$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $(DIRECT) -o $@ $^ $(LDLIBS)

$(B)/tests/bench/bench_relay: $(patsubst %,$(B)/tests/%.o,bench/bench_relay bench/direct faults/usage) \
		$(RIG) $(B)/libwings.a $(B)/libcore.a
	@$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $(DIRECT) -o $@ $^ $(LDLIBS) -lcmocka

# libFuzzer, with clang; FUZZ_TIME seconds a target. What it finds lies in $(B)/fuzz.
FUZZ_TIME ?= 60
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz: lint-deps $(FUZZERS)
	$(Q)set -e; for f in $(FUZZERS); do mkdir -p $$f.corpus; \
		(cd $(B)/fuzz && $$(basename $$f | sed 's,^,./,') -max_total_time=$(FUZZ_TIME) \
		-rss_limit_mb=4096 $$(basename $$f).corpus); done

$(B)/fuzz/%: tests/fuzz/%.c $(wildcard src/base/*.c src/core/*/*.c)
	@$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)clang -std=gnu17 -g -O1 $(filter-out $(FORTIFY),$(CPPFLAGS)) \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $^ $(LDLIBS_CORE)

# --- lint -------------------------------------------------------------------------------------

# The exposure that each service reaches, in tenths. It may only go down.
EXPOSURE_zknginxd := 22
EXPOSURE_zknginxd-helper := 33
SERVICES := zknginxd zknginxd-helper
# The modules need the headers of nginx.
CODE := $(filter-out $(MODULE_SOURCES),$(wildcard src/*.c src/*/*.c src/*/*/*.c))

.PHONY: lint lint-format lint-tidy lint-cppcheck lint-analyzer lint-manual lint-unit
lint: lint-format lint-tidy lint-cppcheck lint-analyzer lint-manual lint-unit

lint-format:
	clang-format --dry-run -Werror $(SOURCES)

lint-tidy:
	printf '%s\n' $(CODE) | xargs -P $$(nproc) -I FILE \
		clang-tidy --quiet FILE -- $(CPPFLAGS) $(CFLAGS_LIBS) -std=gnu17

# cppcheck knows neither statement expressions (TAKE) nor the cleanup attribute, so leaks are left
# to the sanitizer; it does not read system headers; readdir() is safe on a stream of one's own.
lint-cppcheck:
	cppcheck --quiet -j $$(nproc) --enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
		--library=posix,gnu --std=c11 --suppress=missingIncludeSystem \
		--suppress=internalAstError --suppress=readdirCalled \
		--suppress=memleak --suppress=resourceLeak \
		'-Djson_object_foreach(o,k,v)=while((k=a(o))&&(v=b(o)))' '-Djson_array_foreach(o,i,v)=while((i=a(o))&&(v=b(o)))' \
		'-DTAILQ_FOREACH(v,h,f)=while(next(v))' '-DTAILQ_HEAD(n,t)=struct n' '-DTAILQ_ENTRY(t)=struct t' \
		-D_GNU_SOURCE -D__linux__ -D__GNUC__ -Iinclude -Isrc $(CODE)

# Like the other two it cannot see cleanup attributes; leaks are left to ASan.
lint-analyzer:
	$(Q)$(MAKE) --no-print-directory $(ALL_CORES) -k CC=gcc B=$(B)/analyzer WERROR=1 \
		OPTIMIZE="-O1 -g -fanalyzer -Wno-analyzer-malloc-leak" \
		$(B)/analyzer/libcore.a

lint-manual:
	mandoc -T lint -W warning $(MANUALS)

lint-unit: $(SERVICES:%=lint-unit-%)

.PHONY: $(SERVICES:%=lint-unit-%)
$(SERVICES:%=lint-unit-%): lint-unit-%:
	systemd-analyze security --offline=yes --no-pager --threshold=$(EXPOSURE_$*) \
		systemd/$*.service >/dev/null

# --- installation -----------------------------------------------------------------------------

PREFIX ?= /usr
SYSCONFDIR ?= /etc
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/zknginx
UNITDIR ?= $(if $(filter /usr,$(PREFIX)),/lib,$(PREFIX)/lib)/systemd/system
# Debian's zsh looks for what packages install in a directory of its own.
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
SHAREDIR ?= $(PREFIX)/share/zknginx
SCHEMADIR ?= $(SHAREDIR)/schema
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
INSTALL ?= install
MANUALS := $(wildcard conf/man/*.[58])
SCHEMAS := $(wildcard conf/schema/*.json)
UNITS := $(notdir $(wildcard systemd/*))
TMPFILES := $(notdir $(wildcard conf/tmpfiles.d/*))
MONITORING := prometheus grafana
DOCUMENTS := $(wildcard README.md) LICENSE conf/zknginxd.conf conf/nginx-include.conf

# Run a command of systemd, unless the files go into a package, or systemd is not this host's init.
on_this_host = $(if $(DESTDIR),,if [ -d /run/systemd/system ]; then $(1); fi)

# Existing settings are never replaced; the sample is installed with the documents, too.
.PHONY: install uninstall
install: $(B)/zknginxd $(B)/zknginxctl
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(SYSCONFDIR) $(DESTDIR)$(DOCDIR) $(DESTDIR)$(MANDIR)/man5 \
		$(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR) \
		$(DESTDIR)$(SCHEMADIR) $(DESTDIR)$(TMPFILESDIR) \
		$(MONITORING:%=$(DESTDIR)$(SHAREDIR)/%)
	$(INSTALL) -m 755 $(B)/zknginxd $(DESTDIR)$(SBINDIR)
	$(INSTALL) -m 755 $(B)/zknginxctl $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 644 conf/completion/zknginxctl.bash $(DESTDIR)$(BASHDIR)/zknginxctl
	$(INSTALL) -m 644 conf/completion/_zknginxctl $(DESTDIR)$(ZSHDIR)
	$(INSTALL) -m 644 conf/completion/zknginxctl.fish $(DESTDIR)$(FISHDIR)
	for unit in $(UNITS); do \
		sed 's,/usr/sbin/zknginxd,$(SBINDIR)/zknginxd,' systemd/$$unit \
			>$(DESTDIR)$(UNITDIR)/$$unit && \
		chmod 644 $(DESTDIR)$(UNITDIR)/$$unit || exit; \
	done
	$(INSTALL) -m 644 $(filter %.5,$(MANUALS)) $(DESTDIR)$(MANDIR)/man5
	$(INSTALL) -m 644 $(filter %.8,$(MANUALS)) $(DESTDIR)$(MANDIR)/man8
	$(INSTALL) -m 644 $(DOCUMENTS) $(DESTDIR)$(DOCDIR)
	$(INSTALL) -m 644 $(SCHEMAS) $(DESTDIR)$(SCHEMADIR)
	$(INSTALL) -m 644 conf/prometheus/alerts.yml $(DESTDIR)$(SHAREDIR)/prometheus
	$(INSTALL) -m 644 conf/grafana/zknginx.json $(DESTDIR)$(SHAREDIR)/grafana
	$(INSTALL) -m 644 $(TMPFILES:%=conf/tmpfiles.d/%) $(DESTDIR)$(TMPFILESDIR)
	test -e $(DESTDIR)$(SYSCONFDIR)/zknginxd.conf || \
		$(INSTALL) -m 644 conf/zknginxd.conf $(DESTDIR)$(SYSCONFDIR)/zknginxd.conf
	$(call on_this_host,systemctl daemon-reload && systemd-tmpfiles --create $(TMPFILES))

# Where nginx looks for modules, and where Debian's nginx.conf includes lines that load them. What
# nginx compares with those of a module, its version and signature, is the name of a directory.
NGINX ?= /usr/sbin/nginx
MODULESDIR ?= /usr/lib/nginx/modules
MODULESENABLEDDIR ?= $(SYSCONFDIR)/nginx/modules-enabled
module_installer = DESTDIR='$(DESTDIR)' MODULESDIR='$(MODULESDIR)' \
	MODULESENABLEDDIR='$(MODULESENABLEDDIR)' NGINX='$(NGINX)' src/module/install.sh
nginx_signature = $(shell echo 'zknginx:NGINX_VERSION "-" NGX_MODULE_SIGNATURE' | \
	$(CC) $(MODULE_CPPFLAGS) $(GIVEN_CFLAGS) -include ngx_config.h -include ngx_core.h -E -P - | \
	sed -n 's/^zknginx://p' | tr -d '" ')

.PHONY: install-module uninstall-module
install-module: module
	$(Q)$(module_installer) install $(B)/module $(nginx_signature)

uninstall-module:
	$(Q)$(module_installer) uninstall

# The settings and the state directory stay, because nginx.conf still includes files from the latter.
uninstall:
	$(call on_this_host,systemctl disable --now zknginxd || :)
	rm -f $(DESTDIR)$(SBINDIR)/zknginxd $(DESTDIR)$(BINDIR)/zknginxctl \
		$(UNITS:%=$(DESTDIR)$(UNITDIR)/%) $(TMPFILES:%=$(DESTDIR)$(TMPFILESDIR)/%) \
		$(DESTDIR)$(BASHDIR)/zknginxctl $(DESTDIR)$(ZSHDIR)/_zknginxctl $(DESTDIR)$(FISHDIR)/zknginxctl.fish \
		$(patsubst conf/man/%.5,$(DESTDIR)$(MANDIR)/man5/%.5,$(filter %.5,$(MANUALS))) \
		$(patsubst conf/man/%.8,$(DESTDIR)$(MANDIR)/man8/%.8,$(filter %.8,$(MANUALS)))
	rm -rf $(DESTDIR)$(DOCDIR) $(DESTDIR)$(SCHEMADIR) $(MONITORING:%=$(DESTDIR)$(SHAREDIR)/%)
	test ! -d $(DESTDIR)$(SHAREDIR) || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(SHAREDIR)
	$(call on_this_host,systemctl daemon-reload)
	$(module_installer) uninstall

# --- source archive and Debian packages -------------------------------------------------------

# The same files make the same archive, byte for byte: in one order, of nobody, and of one time.
ARCHIVE := zknginx-$(VERSION)
ARCHIVE_FILES = $(if $(wildcard .git),git ls-files -z,find . \( -type f -o -type l \) \
	-not -path './$(B)/*' -not -path './debian/*' -not -path './conf/revision' -print0)
ARCHIVE_TIME = $(if $(wildcard .git),@$(shell git log -1 --format=%ct),$(shell date -r conf/revision +@%s))

.PHONY: dist deb check-deb
dist:
	$(Q)rm -rf $(B)/dist && mkdir -p $(B)/dist/$(ARCHIVE)
	$(Q)$(ARCHIVE_FILES) | tar -c --null -T - | tar -x -C $(B)/dist/$(ARCHIVE)
	$(Q)echo $(REVISION) >$(B)/dist/$(ARCHIVE)/conf/revision
	$(Q)tar -c --format=gnu --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
		--mtime=$(ARCHIVE_TIME) -C $(B)/dist $(ARCHIVE) | gzip -9n >$(B)/$(ARCHIVE).tar.gz
	@echo $(B)/$(ARCHIVE).tar.gz

# $(1): where. The top level of the sources stays without a debian/; the archive gets it when it is
# unpacked. What this make was called with is not for the make of the package.
build_packages = rm -rf $(1) && mkdir -p $(1) && tar -xzf $(B)/$(ARCHIVE).tar.gz -C $(1) && \
	cd $(1)/$(ARCHIVE) && cp -r conf/debian debian && \
	env -i PATH="$$PATH" HOME="$$HOME" LC_ALL="$$LC_ALL" TZ="$$TZ" DEB_BUILD_OPTIONS="$$DEB_BUILD_OPTIONS" \
		dpkg-buildpackage -b -us -uc -j$(shell nproc)

deb: package-deps
	$(Q)grep -q '^zknginx ($(VERSION))' conf/debian/changelog || \
		{ echo "conf/debian/changelog does not begin with version $(VERSION)"; exit 1; }
	$(Q)$(MAKE) --no-print-directory dist
	$(Q)$(call build_packages,$(B)/deb)
	@ls -1 $(B)/deb/*.deb

# Built again in another directory, time zone and language, each package has the same bytes.
check-deb: deb
	lintian --fail-on error,warning --info --tag-display-limit 0 $(B)/deb/*.changes
	$(Q)export TZ=Pacific/Auckland LC_ALL=C.UTF-8 DEB_BUILD_OPTIONS=nocheck; \
		($(call build_packages,$(B)/again/elsewhere))
	$(Q)for package in $(B)/deb/*.deb; do \
		cmp $$package $(B)/again/elsewhere/$${package##*/} || exit; \
		echo "$${package##*/} is reproducible"; \
	done

# SUITE=trixie for Debian 13. It boots, and needs some 3 GB in $(B)/systemd.
SUITE ?= bookworm
.PHONY: check-systemd check-container
check-container: systemd-deps deb
	$(Q)tests/container/check.sh $(SUITE) $(B)/systemd $(B)/deb

check-systemd: systemd-deps deb
	$(Q)BUILD_PACKAGES="$(BUILD_PACKAGES) $(PACKAGE_PACKAGES)" tests/systemd/check.sh $(SUITE) \
		$(B)/systemd $(B)/$(ARCHIVE).tar.gz $(B)/deb

.PHONY: format clean
format:
	clang-format -i $(SOURCES)

clean:
	rm -rf $(B)

endif
