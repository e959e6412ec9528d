# `make run` serves the tracker, `make demo` a filled one, `make test` runs every test on SQLite, and on PostgreSQL what may
# differ there; `make check-long` those that have more to do than there is time for, in full.

# The newest that runs, since a name on the path may lead nowhere.
NEW_ENOUGH = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON := $(shell for name in python3.13 python3.12 python3.11 python3; do \
	$$name -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$name && break; done)
VENV ?= .venv
BIN = $(VENV)/bin
# What the tests of the API's TypeScript need, where there is Node.js; they are left out by name where there is not.
PROGRAMS = tests/contract/programs
TYPESCRIPT = $(if $(shell command -v npm),$(PROGRAMS)/node_modules/.package-lock.json)
UV := $(shell command -v uv)

# Without compiled files every start would have to parse every library again.
export UV_COMPILE_BYTECODE = 1

ifneq ($(UV),)
CREATE = $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
INSTALL = $(UV) pip install --quiet --python $(BIN)/python
else
# Over an interpreter that leads nowhere it makes none; what runs may hold more than ours.
CLEAR = $(shell test -e $(VENV)/pyvenv.cfg && ! $(BIN)/python -c '' 2>/dev/null && echo --clear)
CREATE = $(PYTHON) -m venv $(CLEAR) $(VENV)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

# It may hold more than ours, and may not be emptied without a word; what is ours does not run there.
ifeq ($(UV)$(shell $(BIN)/python -c '' 2>/dev/null && ! $(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null && echo old),old)
$(error $(VENV) is of an older Python: remove it, or name another VENV)
endif

ifeq ($(PYTHON),)
$(error Python 3.11 or newer is needed, and none was found)
endif

.PHONY: run demo test check-guards check-long lint requirements anew

# An upgrade of the system's Python takes away what runs there, whatever the stamp says.
RUNS := $(shell $(BIN)/python -c 'import django' 2>/dev/null && echo yes)

run: $(VENV)/.runs
	@exec $(BIN)/python manage.py serve

demo: $(VENV)/.runs
	@DATA_DIR=data/demo SECRET_KEY= DATABASE_URL= DATABASE_REPLICA_URL= CACHE_URL= SITE_URL= ALLOWED_HOSTS= PROXIES= EMAIL_URL= \
	SIGNUP= OIDC_PROVIDERS= LOCAL_LOGIN= BREAK_GLASS= METRICS_TOKEN= METRICS_ALLOW= exec $(BIN)/python manage.py serve --demo

test: $(VENV)/.tests $(TYPESCRIPT)
	@exec $(BIN)/python tests/run.py

# All branches of what guards.
GUARDS = products/access.py,accounts/tokens.py,accounts/backends.py,accounts/api/authentication.py,products/markdown.py,issues/query/*
GUARDED = tests/access accounts products/tests issues/tests/test_files.py issues/tests/test_query_language.py \
	issues/tests/test_finding.py issues/tests/test_filters.py issues/tests/test_api_queries.py issues/tests/test_api_conditions.py \
	issuetracker/tests/test_bad_input.py issuetracker/tests/test_api_schema.py

check-guards: $(VENV)/.tests
	COVERAGE_FILE=.coverage.guards $(BIN)/python -m pytest $(GUARDED) -q -n 2 --dist worksteal --cov --cov-report=
	COVERAGE_FILE=.coverage.guards $(BIN)/python -m coverage report --fail-under=100 --include='$(GUARDS)' --show-missing

# What takes hours: every route by every method for everybody on everything.
check-long: $(VENV)/.tests $(TYPESCRIPT)
	$(BIN)/python tests/check_long.py
	$(MAKE) --no-print-directory check-guards

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/mypy
	$(BIN)/lint-imports

requirements:
	uv pip compile --universal --python-version 3.11 --no-annotate --no-header requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --no-annotate --no-header requirements-dev.in -o requirements-dev.txt

anew:
	@$(CREATE)

$(VENV)/.runs: requirements.txt $(if $(RUNS),,anew)
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.tests: requirements-dev.txt $(VENV)/.runs
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

$(PROGRAMS)/node_modules/.package-lock.json: $(PROGRAMS)/package-lock.json
	@cd $(PROGRAMS) && npm ci --silent --no-audit --no-fund || echo "npm could not install: no tests of TypeScript"
