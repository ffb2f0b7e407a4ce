# Everything runs in .venv, made on first use. Needs make and a Python of 3.11 or newer; PYTHON=... names one.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
SOURCES := tui widgets tests benchmarks screenshots
# Two suites: the first is many small tests that sleep more than they compute, the second starts real engines. Each
# worker of the second has an engine of its own, and a module's tests stay together, for the module's own engine.
WORKERS ?= 2
ENGINE_WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -q

.PHONY: help run test lint format types contracts test-fast test-engines test-versions bench screenshots clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/.run ## Start Portside on the engine found here, else on the demo engine; ARGS="--help" passes options
	@$(BIN)/portside --demo=auto $(ARGS)

test: lint types contracts test-fast test-engines ## Everything CI checks: format, lint, types, contracts, all tests

lint: $(VENV)/.dev ## Check format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: $(VENV)/.dev ## Format, and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

test-fast: $(VENV)/.dev ## The tests that need no engine
	$(PYTEST) -n $(WORKERS) -m "not engine" $(ARGS)

test-engines: $(VENV)/.dev ## The tests on private real engines: skipped without root or the engines' programs
	$(PYTEST) -n $(ENGINE_WORKERS) --dist loadfile -m engine $(ARGS)

test-versions: $(VENV)/.dev ## The contract suite on the newer engines of Debian 13 and testing, fetched once
	for suite in trixie forky; do \
	    PORTSIDE_ENGINE_DOCKER=docker@$$suite PORTSIDE_ENGINE_PODMAN=podman@$$suite \
	        $(PYTEST) -n $(ENGINE_WORKERS) --dist loadfile -m engine tests/contract $(ARGS) || exit 1; \
	done

bench: $(VENV)/.dev ## Measure what the README claims
	$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(VENV)/.dev ## Draw the README's pictures again, from the demo engine
	$(BIN)/python -m screenshots $(ARGS)

clean: ## Remove what was made here, the environment too
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage dist build
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

# Without bytecode a start takes 2.5 times as long. pip has compiled the dependencies.
$(VENV)/.run: $(VENV)/.installed
	@$(BIN)/python -m compileall -q tui widgets
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/python -m pip install -q --group dev
	@touch $@

$(VENV)/.installed: $(VENV)/.created pyproject.toml
	$(BIN)/python -m pip install -q --editable .
	@touch $@

# --group needs pip 25.1. The first Python that is new enough is taken.
$(VENV)/.created:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "Portside needs Python 3.11 or newer, and there is none on PATH. Install one, or: make PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	fi; \
	echo "setting up $(VENV) with $$found"; \
	"$$found" -m venv $(VENV) || { \
	    echo "$$found cannot make virtual environments (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@
