# `make demo` serves an example school; `make test` runs every test. Each makes its own environment first.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
PORT ?= 8080
QUICK ?=
SCHOOLS ?= 6600

.PHONY: demo test test-long bench bench-imports bench-nation screenshots check python clean

demo: $(VENV)/installed
	$(VENV)/bin/uwlr-adapter demo --port $(PORT)

test: $(VENV)/installed-test
	$(VENV)/bin/python -m pytest -n auto

# The long form of the tests that have a short one: every mutant and every random school.
test-long: $(VENV)/installed-test
	UWLR_LONG=1 $(VENV)/bin/python -m pytest -n auto

# How long imports take, and what memory they need.
bench-imports: $(VENV)/installed-test
	$(VENV)/bin/python benchmarks/imports.py

# How fast the service is beside its rivals, in some twelve minutes; QUICK=--quick takes two, to see that it works.
bench: $(VENV)/installed-test
	$(VENV)/bin/python benchmarks/bench.py $(QUICK)

# The whole country: 6,600 schools imported into PostgreSQL and fetched by one vendor. SCHOOLS=100 for a part of it.
bench-nation: $(VENV)/installed-test
	$(VENV)/bin/python benchmarks/natie.py --schools $(SCHOOLS)

# Pictures of the pages into docs/screenshots, of the example school: look at each before you keep it.
screenshots: $(VENV)/installed-test
	$(VENV)/bin/python tests/screenshots.py

check: $(VENV)/installed-test
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(VENV)/bin/python -m pip install --quiet --editable .
	touch $@

$(VENV)/installed-test: $(VENV)/bin/python pyproject.toml
	$(VENV)/bin/python -m pip install --quiet --editable '.[test,dev]'
	touch $@ $(VENV)/installed

python: $(VENV)/bin/python
	@$(VENV)/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'

clean:
	rm -rf .venv .venv-* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
