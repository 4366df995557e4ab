# Arrêt: two commands to know, `make run` and `make test`; the rest is `make help`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Installed once for each version of the pinned lists; `make clean` starts over.
RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed
# What judges whether the notice page is accessible; injected by the browser tests, and served to nobody.
AXE := tests/browser/node_modules/axe-core/axe.min.js
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run compile wheel test test-servers test-parts check check-source format fuzz soak bench timings peers clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

run: $(RUNTIME) ## install, check the shipped order, serve it on 127.0.0.1:5300 and [::1]:5300
	@scripts/compile-query-path $(BIN)/python || true
	@$(BIN)/arret check || true  # an order that is refused keeps its last good version, and nobody from serving
	@exec $(BIN)/arret serve

compile: $(RUNTIME) ## compile the query path to C, as make run does where it can; ARRET_PURE=1 runs the sources all the same
	@scripts/compile-query-path $(BIN)/python

wheel: $(BIN)/python ## a wheel in dist/ for this Python and this kind of machine, with the query path compiled
	$(PIP) install --require-hashes -r requirements-compile.txt
	ARRET_COMPILE=1 $(PIP) wheel --no-build-isolation --no-deps --wheel-dir dist .

test: $(DEVELOPMENT) peers $(AXE) ## everything that the tests need, then the tests, in two halves side by side
	@$(MAKE) --no-print-directory --jobs=2 --keep-going test-servers test-parts

# Whole servers and their peers wait more than they compute, so all else runs beside them.
SERVERS := tests/browser tests/hostile tests/integration
COMPILED := tests/integration/test_compiled.py
PARTS := $(filter-out $(addsuffix /,$(SERVERS) tests/__pycache__),$(wildcard tests/*/))

test-servers:
	$(BIN)/python -m pytest -q -p no:cacheprovider -m "not soak" $(SERVERS) --ignore=$(COMPILED)

test-parts:
	$(BIN)/python -m pytest -q -p no:cacheprovider -m "not soak" $(PARTS) $(COMPILED)

check: check-source test ## format, lint, types and tests

check-source: $(DEVELOPMENT) ## format, lint and types only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(DEVELOPMENT) ## write the code as the formatter would
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

soak: $(DEVELOPMENT) peers ## the full-size runs; writes benchmarks/SOAK.md
	$(BIN)/python -m benchmarks.soak

fuzz: $(DEVELOPMENT) ## look for octets that a reader cannot bear, SECONDS for each (60); what is found is replayed by the tests
	$(PIP) install --require-hashes -r requirements-fuzz.txt
	for target in query_reader response_reader order_parser; do $(BIN)/python -m fuzz $$target $(or $(SECONDS),60) || exit 1; done

bench: $(DEVELOPMENT) ## side by side with Unbound, BIND and others; writes benchmarks/RESULTS.md
	@scripts/install-peers bench
	@scripts/compile-query-path $(BIN)/python
	$(BIN)/python -m benchmarks.bench

timings: $(DEVELOPMENT) ## what the decision costs in-process, without sockets
	$(BIN)/python -m benchmarks.core_timings

peers: | $(BIN)/python ## the Debian packages that the tests talk to
	@scripts/install-peers

$(AXE): tests/browser/package-lock.json | peers
	npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --silent
	@touch $@

clean: ## remove the environment and what was built; the state directory stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@scripts/make-environment "$(PYTHON)" "$(VENV)"

$(RUNTIME): requirements.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps -e .
	@touch $@

$(DEVELOPMENT): requirements-dev.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-dev.txt
	$(PIP) install --no-deps -e .
	@touch $@ $(RUNTIME)
