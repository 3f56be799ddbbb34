# Every target sets up what it needs by itself, in .venv: Python 3.11 or newer and make are enough.
# Set PYTHON to choose the interpreter: make demo PYTHON=python3.12

# Compiled modules are kept, whatever the shell says: without them each start compiles all libraries anew.
unexport PYTHONDONTWRITEBYTECODE

UV_VERSION := 0.13.9
PYTHON ?=
PLATFORM ?= slack
# Most of a test is waiting, so there are more jobs than cores.
JOBS ?= 4
# Contracts on SQLite alone, and not the simulator's own tests; `make test` runs them all. These only compute, and each
# job reads all tests first: as many jobs as a small machine has cores.
QUICK := -n 2 tests/unit tests/contracts --ignore tests/unit/simulator -m "not slow" -k "not postgresql"

BIN := .venv/bin
READY := .venv/.ready
TOOLS := .venv/.tools
UV := UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON=.venv/bin/python UV_PYTHON_DOWNLOADS=never $(BIN)/python -m uv
PYTEST := $(BIN)/pytest -n $(JOBS) --maxprocesses 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help run demo tour test test-browser chaos security conformance check fmt bench moved

help: ## show these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: $(READY) ## start Muster with a Slack workspace in the browser, or with your own Slack (see .env.example)
	@$(BIN)/muster up

demo: $(READY) ## play one session in this terminal (PLATFORM=slack, discord or both)
	@$(BIN)/muster demo --platform $(PLATFORM)

tour: $(READY) ## a longer demo: a file, a search, a price, a plot, an approval, a question with choices
	@$(BIN)/muster demo --tour --platform $(PLATFORM)

# The longest first, so that no job is left with one of them at the end.
test: $(TOOLS) ## run the tests; of the chaos suite the kills alone
	@$(PYTEST) tests/chaos/test_killed_processes.py tests/flows tests/security tests/contracts tests/unit

test-browser: $(TOOLS) ## test the simulator's page in Chromium, installed first where that is allowed
	@command -v chromium >/dev/null || { [ "`id -u`" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium; } || true
	@$(PYTEST) tests/browser

chaos: $(TOOLS) ## kill, freeze and cut off everything, at ten times CI's size: an hour or two
	@MUSTER_CHAOS_SIZE=$${MUSTER_CHAOS_SIZE:-10} $(BIN)/pytest -s tests/chaos

security: $(TOOLS) ## the attacks at full size, with their figures
	@MUSTER_SECURITY_SIZE=$${MUSTER_SECURITY_SIZE:-10} $(BIN)/pytest -s tests/security

conformance: $(TOOLS) ## compare what is said on the wire with what platforms publish: make conformance SPECS=<folder>
	@test -n "$(SPECS)" || { echo "Say where the platforms' descriptions are: make conformance SPECS=<folder>" >&2; exit 1; }
	@$(BIN)/python -m tests.conformance --specs "$(SPECS)"

check: $(TOOLS) ## lint, types, import rules and the quick tests: before each commit
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports
	@$(BIN)/mypy & types=$$!; $(PYTEST) $(QUICK); tests=$$?; wait $$types && exit $$tests

fmt: $(TOOLS) ## put the code into its form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(TOOLS) ## measure; see docs/benchmarks.md
	@$(BIN)/python -m tests.bench

# A virtual environment knows where it lies: when the folder was moved, it is set up again.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
$(READY): moved
endif

# What Muster runs on. Inexact: development tools that are there stay.
$(READY): pyproject.toml uv.lock Makefile
	@echo "Setting up .venv ..."
	@$(USABLE) || { $(FIND_PYTHON); "$$python" -m venv --clear .venv; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(UV) sync --locked --quiet --no-dev --inexact
	@pwd -P > $@

# The development tools on top; what the lock file does not name goes.
$(TOOLS): $(READY)
	@$(UV) sync --locked --quiet
	@touch $@

NEW_ENOUGH := 'import sys; sys.exit(sys.version_info < (3, 11))'
USABLE = [ "`cat $(READY) 2>/dev/null || pwd -P`" = "`pwd -P`" ] \
  && $(BIN)/python -c 'import pip' 2>/dev/null && $(BIN)/python -c $(NEW_ENOUGH)

# Sets $$python. A name on the PATH may be a shim with nothing behind it, so each is tried.
define FIND_PYTHON
python=; bare=; \
for name in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3 python); do \
  "$$name" -c $(NEW_ENOUGH) 2>/dev/null || continue; \
  if "$$name" -c 'import ensurepip, venv' 2>/dev/null; then python=$$name; break; fi; \
  bare=$$name; \
done; \
if [ -z "$$python$$bare" ]; then \
  echo "Muster needs Python 3.11 or newer and found none$(if $(PYTHON), under the name $(PYTHON)): install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
fi; \
if [ -z "$$python" ]; then \
  echo "$$bare cannot make virtual environments: install its venv package (Debian, Ubuntu: apt install python3-venv), or name another: make PYTHON=/path/to/python3" >&2; exit 1; \
fi
endef
