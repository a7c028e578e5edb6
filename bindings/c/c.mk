# The C library: build, header, install, test, ABI. Included by the top Makefile; paths are from the top.

CARGO   ?= cargo
CC      ?= cc
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
INSTALL ?= install

SMTPIPE_RELEASE := $(or $(CARGO_TARGET_DIR),target)/release
SMTPIPE_VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SMTPIPE_MAJOR   := $(firstword $(subst ., ,$(SMTPIPE_VERSION)))
SMTPIPE_SONAME  := libsmtpipe.so.$(SMTPIPE_MAJOR)
# Cargo features that not every build has: gssapi.
FEATURES ?=
# What rustc says a static library needs beside itself (--print native-static-libs), as far as linkers don't add it.
SMTPIPE_PRIVATE := $(strip -lpthread -lm -ldl $(if $(filter gssapi,$(FEATURES)),$(shell pkg-config --libs mit-krb5-gssapi)))
# For programs of this repository that link statically.
SMTPIPE_STATIC  := $(SMTPIPE_RELEASE)/libsmtpipe.a $(SMTPIPE_PRIVATE)
# The C crate alone gets full debug information: the ABI is compared by the types in it.
SMTPIPE_BUILD   := $(CARGO) build --release --locked -p smtpipe-capi $(if $(FEATURES),--features '$(FEATURES)') --config profile.release.package.smtpipe-capi.debug=2

.PHONY: lib
lib: ## the C library, shared and static, in target/release
	$(SMTPIPE_BUILD)

.PHONY: header
header: ## include/smtpipe.h and the list of exported names, from the sources
	SMTPIPE_BLESS=1 $(CARGO) test --locked -q -p smtpipe-capi --test header
	SMTPIPE_BLESS=1 $(CARGO) test --locked -q -p smtpipe-capi --test symbols

.PHONY: header-check
header-check: ## whether the header and the exported names are those of the sources
	$(CARGO) test --locked -q -p smtpipe-capi --test header --test symbols

.PHONY: install
install: lib ## into PREFIX (default /usr/local) under DESTDIR: header, library, pkg-config, CMake
	$(INSTALL) -d '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(LIBDIR)/cmake/smtpipe'
	$(INSTALL) -m 644 include/smtpipe.h '$(DESTDIR)$(INCLUDEDIR)/smtpipe.h'
	$(INSTALL) -m 644 $(SMTPIPE_RELEASE)/libsmtpipe.a '$(DESTDIR)$(LIBDIR)/libsmtpipe.a'
	$(INSTALL) -m 755 $(SMTPIPE_RELEASE)/libsmtpipe.so '$(DESTDIR)$(LIBDIR)/libsmtpipe.so.$(SMTPIPE_VERSION)'
	ln -sf libsmtpipe.so.$(SMTPIPE_VERSION) '$(DESTDIR)$(LIBDIR)/$(SMTPIPE_SONAME)'
	ln -sf $(SMTPIPE_SONAME) '$(DESTDIR)$(LIBDIR)/libsmtpipe.so'
	for file in smtpipe.pc:pkgconfig smtpipe-config.cmake:cmake/smtpipe smtpipe-config-version.cmake:cmake/smtpipe; do \
	  sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' \
	      -e 's|@VERSION@|$(SMTPIPE_VERSION)|g' -e 's|@SONAME@|$(SMTPIPE_SONAME)|g' -e 's|@PRIVATE@|$(SMTPIPE_PRIVATE)|g' \
	      "bindings/c/package/$${file%%:*}.in" > '$(DESTDIR)$(LIBDIR)/'"$${file##*:}/$${file%%:*}" || exit 1; \
	done

.PHONY: uninstall
uninstall: ## removes what install put there
	rm -f '$(DESTDIR)$(INCLUDEDIR)/smtpipe.h' '$(DESTDIR)$(LIBDIR)/libsmtpipe.a' '$(DESTDIR)$(LIBDIR)/libsmtpipe.so' \
	  '$(DESTDIR)$(LIBDIR)/$(SMTPIPE_SONAME)' '$(DESTDIR)$(LIBDIR)/libsmtpipe.so.$(SMTPIPE_VERSION)' \
	  '$(DESTDIR)$(LIBDIR)/pkgconfig/smtpipe.pc'
	rm -rf '$(DESTDIR)$(LIBDIR)/cmake/smtpipe'

.PHONY: test-c
test-c: lib ## the C tests and examples: C99, C11, C++17, plain, under valgrind, with sanitizers; install; the header
	$(CARGO) test --locked -p smtpipe-capi --no-fail-fast
	CC='$(CC)' SMTPIPE_RELEASE='$(SMTPIPE_RELEASE)' tests/c/run.sh

.PHONY: abi-check
abi-check: lib ## whether the ABI is still that of the committed baseline
	bindings/c/abi.sh check $(SMTPIPE_RELEASE)/libsmtpipe.so

.PHONY: abi-baseline
abi-baseline: lib ## makes the library's ABI the baseline: at a release, or when a function was added
	bindings/c/abi.sh baseline $(SMTPIPE_RELEASE)/libsmtpipe.so
