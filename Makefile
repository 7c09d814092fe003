# One command for each thing that is done here. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
CODE := function_app.py blueprints provisioning local bench tests

# Images often set it. A stack is six processes: each would compile all it imports at each start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test up check format lint types imports fix golden agreement bench adr clean

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready local/azurite/node_modules/.ready ## build everything the other commands need

.venv/.ready: requirements.txt requirements-dev.txt requirements-node.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-node.txt
	@touch $@

local/azurite/node_modules/.ready: local/azurite/package-lock.json .venv/.ready
	$(BIN)/python -m local.node ci
	@touch $@

demo: setup ## play all four jobs, end to end, and print them
	@$(BIN)/python -m local.demo

up: setup ## run the local stack until Ctrl-C
	@$(BIN)/python -m local up

test: setup ## run every test
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: setup format lint types imports ## everything that must hold: format, lint, types, imports, tests
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered

format:
	$(BIN)/ruff format --check --quiet $(CODE)

lint:
	$(BIN)/ruff check --quiet $(CODE)

types:
	$(BIN)/mypy

imports:
	$(BIN)/lint-imports --no-cache

fix: setup ## format, and mend what the linter can
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

golden: setup ## accept today's answers as the expected ones; read the diff
	UPDATE_GOLDEN=1 $(BIN)/python -m pytest tests/golden

agreement: setup ## hold the simulated Azure against recordings of the real one: make agreement CORPUS=DIR
	@$(BIN)/python -m local.agreement $(CORPUS)

bench: setup ## the measured claims, each a ratio taken in one run
	@$(BIN)/python -m bench

adr: ## begin a decision record: make adr TITLE="what was decided"
	@test -n "$(TITLE)" || { echo 'make adr TITLE="what was decided"'; exit 2; }
	@n=$$(ls docs/adr | grep -c '^[0-9]'); f=$$(printf 'docs/adr/%04d-%s.md' $$((n + 1)) \
	  "$$(echo "$(TITLE)" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9-')"); \
	  printf '# %s\n\n## Context\n\n## Decision\n\n## Consequences\n' "$(TITLE)" > $$f; echo $$f

clean: ## remove what setup built
	rm -rf .venv local/azurite/node_modules .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
