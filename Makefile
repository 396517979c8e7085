# `make` alone lists the targets. Each target makes the environment that it needs, in $(VENV), from the lock files.
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
PORT ?= 8080
QUICK ?=
SCHOOLS ?= 6600
WALK ?=
AGAINST ?= HEAD
MINUTES ?= 5
SEED ?= 0
TARGET ?=
INPUT ?=
UPGRADE ?=
SBOM ?=
ALL ?=

# The tests start hundreds of processes; without bytecode on disk each of them compiles the program anew.
unexport PYTHONDONTWRITEBYTECODE

# Nothing is installed without a hash. Spyne is published as source only: it is built with what the build lock holds.
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
LOCKED = $(PIP) --require-hashes --no-build-isolation --use-pep517
PROJECT = $(PIP) --no-deps --no-build-isolation --editable .
COMPILE = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(UPGRADE)

.PHONY: help demo test test-long test-part test-others fuzz check api kit toolkits vendor-pages examples lock sbom audit bench bench-imports bench-nation bench-portal \
	bench-paired bench-attack bench-hostile bench-results bench-senders bench-guessing bench-equal-work bench-moving walk screenshots python clean

help: ## List the targets.
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s%s\n", $$1, $$2 }'

demo: $(VENV)/installed ## Serve an example school on port 8080 and fetch from it; PORT=9000 takes another port.
	$(VENV)/bin/uwlr-adapter demo --port $(PORT)

test: $(VENV)/installed-test ## Run every test.
	$(VENV)/bin/python -m pytest -n auto

test-long: $(VENV)/installed-test ## Run every test in its long form: every mutant and every random school.
	UWLR_LONG=1 $(VENV)/bin/python -m pytest -n auto

# What stands behind PostgreSQL is the same on each Python; its driver is not, and has a file of tests.
test-part: $(VENV)/installed-test ## Run the tests that may differ by Python: unit, contract and integration, on SQLite.
	$(VENV)/bin/python -m pytest -n auto -k 'test_postgresql or not postgresql' tests/unit tests/contract tests/integration

test-others: $(VENV)/bin/python ## Run test-part on each other Python that is here, in environments of their own.
	@set -e; first=$$($(VENV)/bin/python -c '$(VERSION)'); for version in 3.11 3.12 3.13; do \
		if [ $$version != $$first ] && python$$version -c '' 2>/dev/null; then \
			echo "== Python $$version"; \
			$(MAKE) --no-print-directory test-part PYTHON=python$$version VENV=.venv-$$version; \
		fi; \
	done

fuzz: $(VENV)/installed-test ## Fuzz what reads bytes of strangers for MINUTES=5; TARGET=results takes one, SEED=7 other inputs.
	PYTHONPATH=tests $(VENV)/bin/python -m fuzz --minutes $(MINUTES) --seed $(SEED) $(if $(TARGET),--target $(TARGET)) \
		$(if $(INPUT),--input $(INPUT))

check: $(VENV)/installed-test ## Check format, lint, types, import rules, the generated pages and the figures of the house.
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python .ci/api.py --check
	$(VENV)/bin/python .ci/kit.py --check
	$(VENV)/bin/python .ci/vendor_pages.py --check
	PYTHONPATH=tests $(VENV)/bin/python -m support.toolkit_table --check
	$(VENV)/bin/python .ci/house.py

api: $(VENV)/installed-test ## Rewrite docs/reference/api.md from the docstrings of the public face.
	$(VENV)/bin/python .ci/api.py

kit: $(VENV)/installed-test ## Rewrite docs/reference/kit.md from the rules and the checks of the conformance kit.
	$(VENV)/bin/python .ci/kit.py

vendor-pages: $(VENV)/installed-test ## Rewrite docs/reference/faults.md and contract.md from their data files.
	$(VENV)/bin/python .ci/vendor_pages.py

examples: $(VENV)/installed-test ## Rewrite the example answers and faults in uwlr_adapter/demo/examples from the service.
	PYTHONPATH=tests $(VENV)/bin/python -m support.example_answers

toolkits: $(VENV)/installed-test ## Ask every client toolkit everything, and rewrite docs/reference/toolkits.md.
	UWLR_LONG=1 UWLR_RECORD=1 $(VENV)/bin/python -m pytest -n auto tests/interop/test_toolkits.py \
		tests/interop/test_result_toolkits.py -k 'not the_page'
	PYTHONPATH=tests $(VENV)/bin/python -m support.toolkit_table

lock: $(VENV)/installed-test ## Rewrite the lock files for pyproject.toml; UPGRADE=--upgrade takes newer releases.
	$(COMPILE) --group build --output-file requirements-build.lock
	$(COMPILE) --all-extras --constraint requirements-build.lock --output-file requirements-dev.lock pyproject.toml
	$(COMPILE) --extra postgresql --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml

sbom: $(VENV)/installed-test ## Write the SBOM of requirements.lock, CycloneDX 1.6, to dist/; SBOM=path takes another file.
	$(VENV)/bin/python .ci/sbom.py $(SBOM)

audit: $(VENV)/installed-test ## Ask a vulnerability database about every locked release; fails where it cannot (.ci/audit.py: status 75).
	$(VENV)/bin/python .ci/audit.py

bench: $(VENV)/installed-test ## Measure the service beside its rivals, in 12 minutes; QUICK=--quick takes 2.
	$(VENV)/bin/python benchmarks/bench.py $(QUICK)

bench-imports: $(VENV)/installed-test ## Measure the time and the memory of imports.
	$(VENV)/bin/python benchmarks/imports.py

bench-nation: $(VENV)/installed-test ## Import 6,600 schools into PostgreSQL and fetch them; SCHOOLS=100 takes fewer.
	$(VENV)/bin/python benchmarks/nation.py --schools $(SCHOOLS)

bench-portal: $(VENV)/installed-test ## Measure the CPU of the pages at 6,600 vestigingen; QUICK=--quick.
	$(VENV)/bin/python benchmarks/portal_pages.py $(QUICK)

bench-results: $(VENV)/installed-test ## Measure the results of a class beside lxml alone; QUICK=--quick.
	$(VENV)/bin/python benchmarks/results.py $(QUICK)

bench-attack: $(VENV)/installed-test ## Measure what good callers keep under attack; QUICK=--quick takes few rounds.
	$(VENV)/bin/python benchmarks/attack.py $(QUICK)

bench-hostile: $(VENV)/installed-test ## Measure the CPU of each hostile request beside a good one; QUICK=--quick.
	$(VENV)/bin/python benchmarks/hostile.py $(QUICK)

bench-senders: $(VENV)/installed-test ## Measure what fetches keep beside 16 platforms that send results; QUICK=--quick.
	$(VENV)/bin/python benchmarks/senders.py $(QUICK)

bench-guessing: $(VENV)/installed-test ## Count who gets through beside guessers, from 1 and 1,000 sources; QUICK=--quick.
	$(VENV)/bin/python benchmarks/guessing.py $(QUICK)

bench-equal-work: $(VENV)/installed-test ## Time the refusals of rows 5 and 7 in pairs, with the power of the test.
	$(VENV)/bin/python benchmarks/equal_work.py

bench-moving: $(VENV)/installed-test ## Copy 660 schools to PostgreSQL and back, back them up and restore them.
	$(VENV)/bin/python benchmarks/moving.py

walk: $(VENV)/installed-test ## Count the calls and changes of file of one verzoek; WALK=--show prints each call.
	$(VENV)/bin/python benchmarks/walk.py $(WALK)

bench-paired: $(VENV)/installed-test ## Measure this checkout beside the commit AGAINST; QUICK=--quick takes few rounds.
	$(VENV)/bin/python benchmarks/paired.py --against '$(AGAINST)' $(QUICK)

screenshots: $(VENV)/installed-test ## Take pictures of the pages into docs/screenshots; ALL=folder takes each page.
	PYTHONPATH=tests $(VENV)/bin/python -m support.screenshots $(if $(ALL),--all $(ALL))

python: $(VENV)/bin/python ## Print the version of Python of the environment.
	@$(VENV)/bin/python -c '$(VERSION)'

clean: ## Delete the environments and caches that make and its tools wrote here.
	rm -rf .venv .venv-* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

VERSION = import sys; print("%d.%d" % sys.version_info[:2])

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed-build: $(VENV)/bin/python requirements-build.lock
	$(PIP) --require-hashes --requirement requirements-build.lock
	touch $@

$(VENV)/installed: $(VENV)/installed-build requirements.lock pyproject.toml
	$(LOCKED) --requirement requirements.lock
	$(PROJECT)
	touch $@

$(VENV)/installed-test: $(VENV)/installed-build requirements-dev.lock requirements.lock pyproject.toml
	$(LOCKED) --requirement requirements-dev.lock
	$(PROJECT)
	touch $@ $(VENV)/installed
