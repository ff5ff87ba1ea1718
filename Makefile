# Everything installs into .venv beside this file; nothing needs root.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test lint demo crash-test fuzz bench clean

run: .venv/.installed
	$(BIN)/casa database upgrade
	$(BIN)/casa agency demonstrate
	$(BIN)/casa run

test: .venv/.tested
	$(BIN)/python -m pytest -n auto --maxprocesses 4 $(TESTS)

lint: .venv/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

demo: .venv/.tested
	$(BIN)/python tools/demo.py

crash-test: .venv/.tested
	CASA_CRASHES=50 $(BIN)/python -m pytest -n auto --maxprocesses 4 tests/system/test_crashes.py

fuzz: .venv/.tested
	$(BIN)/python tools/fuzz.py --cases $(or $(CASES),20000)

bench: .venv/.tested
	$(BIN)/python benchmarks/match.py --elsewhere 9000000
	$(BIN)/python benchmarks/cover.py
	$(BIN)/python benchmarks/sockets.py --never-read 5000
	$(BIN)/python benchmarks/sockets.py --clients 15000 --repeats 1
	$(BIN)/python benchmarks/push.py
	$(BIN)/python benchmarks/reach.py
	$(BIN)/python benchmarks/advisory.py
	$(BIN)/python benchmarks/searching.py

clean:
	rm -rf .venv build dist *.egg-info

.venv/bin/python:
	$(PYTHON) -m venv .venv || ( rm -rf .venv && $(PYTHON) -m pip install --user virtualenv \
		&& $(PYTHON) -m virtualenv .venv )

.venv/.installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/.tested: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@ .venv/.installed
