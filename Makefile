# Two commands for newcomers: `make run` and `make demo`. Everything happens in .venv and var/ of this checkout.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
STAMP := .venv/.tieout-ready
HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= 2
BENCH_ROWS ?= 1000000
BENCH_REPEAT ?= 3
CATALOGUES := locale/fr/LC_MESSAGES/django.mo
PYTEST := $(BIN)/python -m pytest
# A shell that forbids it would have every process compile the product and its tests anew.
export PYTHONDONTWRITEBYTECODE :=
PRODUCTION_LIKE := TIEOUT_ENV_FILE= TIEOUT_MODE=production ALLOWED_HOSTS=tieout.example.com \
	SECRET_KEY=only-for-this-check-Zt7Qx2mV9rKp4LsW8nYb3HdJ6fGc1Ae5

.PHONY: help env run demo test lint sqlite postgres trust browser bench

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{ printf "  make %-9s %s\n", $$1, $$2 }'

env: $(STAMP) $(CATALOGUES) ## the Python environment, in .venv

$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; $(PYTHON) is older. Name another: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
		{ echo "The environment could not be made. On Debian: apt-get install python3-venv" >&2; rm -rf .venv; exit 1; }
	@echo "Installing into .venv (once; a minute or two)" >&2
	@{ command -v uv && uv pip install --python $(BIN)/python --no-deps -r constraints.txt; } >/dev/null 2>&1 || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r constraints.txt
	@touch $@

%.mo: %.po | $(STAMP)
	@$(MANAGE) compile_catalogues --verbosity 0

run: demo ## demo data, one reconciliation, then web and worker until Ctrl-C
	@$(MANAGE) serve --host $(HOST) --port $(PORT)

demo: $(STAMP) $(CATALOGUES) ## demo data and one reconciliation with its summary
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) demo

lint: $(STAMP) $(CATALOGUES) ## style, types, layers, deployment checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(PRODUCTION_LIKE) $(MANAGE) check --deploy --fail-level WARNING
	$(MANAGE) makemigrations --check --dry-run

test: $(STAMP) $(CATALOGUES) ## lint, every test on SQLite and again on PostgreSQL, side by side
	@$(MAKE) --no-print-directory --jobs 3 lint sqlite postgres

sqlite: $(STAMP) ## every test on SQLite alone
	$(PYTEST) -q -n $(WORKERS) --dist worksteal

postgres: $(STAMP) ## every test on PostgreSQL alone
	TIEOUT_TEST_DATABASE=postgres $(PYTEST) -q -n $(WORKERS) --dist worksteal

trust: $(STAMP) ## the full size of the properties that make test tries reduced
	$(PYTEST) -q -n 0 -m trust
	TIEOUT_TEST_DATABASE=postgres $(PYTEST) -q -n 0 -m trust

browser: $(STAMP) ## the tests that need a chromium, and pictures of every screen in build/screenshots
	TIEOUT_TEST_PICTURES=1 $(PYTEST) -q -n 0 -m browser

bench: $(STAMP) ## measure on this machine, write docs/benchmarks.md (an hour; BENCH_ROWS=100000 is quicker)
	@mkdir -p var/bench
	$(MANAGE) bench matching --database postgres --rows $(BENCH_ROWS) --repeat $(BENCH_REPEAT) --json > var/bench/matching-postgres-$(BENCH_ROWS).json
	$(MANAGE) bench matching --database sqlite --rows $(BENCH_ROWS) --repeat $(BENCH_REPEAT) --json > var/bench/matching-sqlite-$(BENCH_ROWS).json
	$(MANAGE) bench imports --database postgres --rows $(BENCH_ROWS) --repeat 1 --json > var/bench/imports-postgres-$(BENCH_ROWS).json
	$(MANAGE) bench ingestion --rows 20000 --repeat 3 --json > var/bench/ingestion.json
	$(MANAGE) bench many-small --database postgres --rows $(BENCH_ROWS) --repeat 1 --json > var/bench/many-small-postgres-$(BENCH_ROWS).json
	$(MANAGE) bench admin --database postgres --rows $(BENCH_ROWS) --json > var/bench/admin-postgres-$(BENCH_ROWS).json
	$(MANAGE) bench document var/bench/*.json --output docs/benchmarks.md
