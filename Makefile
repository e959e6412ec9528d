# `make run` serves the tracker, `make demo` a filled one, `make test` runs every test on both databases.

PYTHON ?= $(shell command -v python3.13 || command -v python3.12 || command -v python3.11 || echo python3)
VENV ?= .venv
BIN = $(VENV)/bin
UV = $(shell command -v uv)

# Without compiled files every start would have to parse every library again.
export UV_COMPILE_BYTECODE = 1

ifdef UV
CREATE = $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
INSTALL = $(UV) pip install --quiet --python $(BIN)/python
else
CREATE = $(PYTHON) -m venv $(VENV)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

.PHONY: run demo test lint

run: $(VENV)/.runs
	@exec $(BIN)/python manage.py serve

demo: $(VENV)/.runs
	@DATA_DIR=data/demo DATABASE_URL= exec $(BIN)/python manage.py serve --demo

test: $(VENV)/.tests
	@exec $(BIN)/python tests/run.py

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.runs: requirements.txt
	@test -x $(BIN)/python || $(CREATE)
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.tests: requirements-dev.txt $(VENV)/.runs
	@$(INSTALL) -r requirements-dev.txt
	@touch $@
