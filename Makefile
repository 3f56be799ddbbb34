# Every target sets up what it needs by itself, in .venv: Python 3.11 or newer and make are enough.
# One set-up serves all, development tools included: it takes seconds, and a second kind would undo the first.
# Set PYTHON to choose the interpreter: make demo PYTHON=python3.12

UV_VERSION := 0.13.9
PYTHON ?=
JOBS ?= auto

BIN := .venv/bin
READY := .venv/.ready
PYTEST := $(BIN)/pytest -n $(JOBS) --maxprocesses 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help run demo test check fmt bench moved

help: ## show these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

run: $(READY) ## start Muster with a Slack workspace in the browser, or with your own Slack (see .env.example)
	@$(BIN)/muster up

demo: $(READY) ## play one session in this terminal
	@$(BIN)/muster demo

test: $(READY) ## run all tests
	@$(PYTEST)

check: $(READY) ## lint, types, import rules and the quick tests: before each commit
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(PYTEST) tests/unit tests/contracts

fmt: $(READY) ## put the code into its form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(READY) ## measure; see docs/benchmarks.md
	@$(BIN)/python -m tests.bench

# A virtual environment knows where it lies: when the folder was moved, it is set up again.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
$(READY): moved
endif

# `uv sync` gets the exact packages of uv.lock and leaves an environment that has them alone.
$(READY): pyproject.toml uv.lock Makefile
	@echo "Setting up .venv ..."
	@$(BIN)/python -c 'import pip' 2>/dev/null && $(BIN)/python -c $(NEW_ENOUGH) || { $(FIND_PYTHON); "$$python" -m venv --clear .venv; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON=.venv/bin/python UV_PYTHON_DOWNLOADS=never \
	  $(BIN)/python -m uv sync --locked --quiet
	@pwd > $@

NEW_ENOUGH := 'import sys; sys.exit(sys.version_info < (3, 11))'

# Sets $$python. A name on the PATH may be a shim with nothing behind it, so each is tried.
define FIND_PYTHON
python=; \
for name in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3 python); do \
  if "$$name" -c $(NEW_ENOUGH) 2>/dev/null; then python=$$name; break; fi; \
done; \
if [ -z "$$python" ]; then \
  echo "Muster needs Python 3.11 or newer and found none$(if $(PYTHON), under the name $(PYTHON)): install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
fi; \
if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
  echo "$$python cannot make virtual environments: install its venv package (Debian, Ubuntu: apt install python3-venv), or name another: make PYTHON=/path/to/python3" >&2; exit 1; \
fi
endef
