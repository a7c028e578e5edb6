# smtpipe: what to run. `make help` lists it; nothing here is needed by a user of the Rust crate.

PYTHON ?= python3
CARGO  ?= cargo
CC     ?= cc
VENV   := .venv

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

include bindings/c/c.mk

##@ See it
.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  FNR == 1 && NR > 1 { print "\nThe C library" } \
	  /^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile bindings/c/c.mk

.PHONY: demo
demo: venv build/demo ## sends a mailbox (MBOX=file, else a generated one) at each level, from Python and from C
	$(VENV)/bin/python -m smtpipe demo --c-demo build/demo $(if $(MBOX),--mbox '$(MBOX)')

.PHONY: bench
bench: venv ## measures everything side by side and writes benches/RESULTS.md (minutes)
	$(VENV)/bin/python -m pip install -q -r benches/requirements.txt
	$(VENV)/bin/python benches/run.py

# lib, header, install, uninstall, test-c and abi-check are in bindings/c/c.mk.
build/demo: examples/c/demo.c include/smtpipe.h lib
	@mkdir -p build
	$(CC) -std=c99 -O2 -Wall -Wextra -Iinclude examples/c/demo.c -o $@ $(SMTPIPE_STATIC)

.PHONY: venv
venv: $(VENV)/.installed ## .venv, with the Python package in it

PACKAGE_SOURCES := pyproject.toml Cargo.toml Cargo.lock \
  $(shell find src bindings/python python/smtpipe -name '*.rs' -o -name '*.py' -o -name '*.pyi' -o -name '*.toml' 2>/dev/null)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { echo "python3 cannot make a virtual environment: apt-get install python3-venv"; exit 1; }

$(VENV)/.installed: $(VENV)/bin/python $(PACKAGE_SOURCES)
	$(VENV)/bin/python -m pip install -q --disable-pip-version-check '.[cli]'
	@touch $@

$(VENV)/.tools: $(VENV)/.installed tests/interop/requirements.txt
	$(VENV)/bin/python -m pip install -q --disable-pip-version-check '.[cli,dev]' -r tests/interop/requirements.txt
	@touch $@

##@ Test
.PHONY: test
test: $(VENV)/.tools ## everything: Rust, C, Python, transcripts, real servers; what can't run here says why
	$(PYTHON) scripts/suites.py begin
	$(PYTHON) scripts/suites.py tests $(SUITE)

.PHONY: interop
interop: $(VENV)/.tools ## the real servers alone, and docs/interop.md written anew
	SMTPIPE_INTEROP_TABLE=1 $(VENV)/bin/python -m pytest -q tests/interop

.PHONY: lint
lint: $(VENV)/.tools ## rustfmt, clippy, rustdoc, ruff, mypy, the header, the exported symbols, the ABI
	$(PYTHON) scripts/suites.py checks $(SUITE)

.PHONY: torture
torture: $(VENV)/.tools ## a session of 100 messages cut at every byte, at every level, and the property tests at length (hours)
	PROPTEST_CASES=20000 SMTPIPE_TORTURE=1 $(CARGO) test --release --locked
	SMTPIPE_CUTS=500 $(VENV)/bin/python -m pytest -q -s tests/torture

.PHONY: fuzz
fuzz: ## fuzzes each target for T seconds (T=20; TARGET=name for one), from the transcripts and fuzz/corpus
	$(PYTHON) scripts/fuzz.py $(or $(T),20) $(TARGET)

.PHONY: fuzz-corpus
fuzz-corpus: ## makes fuzz/corpus anew from what was found: the smallest set that reaches as much
	$(PYTHON) scripts/fuzz.py --minimise $(TARGET)

.PHONY: clean
clean: ## removes what was built and what the interop servers left
	$(CARGO) clean
	rm -rf build $(VENV) tests/interop/run fuzz/target fuzz/artifacts
