# On a fresh machine with only Python >= 3.11, git and make: `make demo`, `make test`.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SEED ?= $(shell date +%s)

.DEFAULT_GOAL := help
.PHONY: help demo test check bench sim clean

help: ## what can be made here
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "faregate needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[parquet,postgres,report,sandbox,webhooks]" --group dev
	@touch $(READY)

demo: $(READY) ## the main job, end to end, on the loopback sandbox: no keys, no network
	$(BIN)/faregate demo

test: $(READY) ## the whole suite, on up to four cores
	$(BIN)/python -m pytest --numprocesses=logical --maxprocesses=4 --dist=worksteal

check: $(READY) ## lint, format, types, the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python -m pytest tests/test_house.py tests/test_surface.py

bench: $(READY) ## ratios against a floor measured in the same run, into docs/performance.md
	$(BIN)/python benchmarks/report.py

sim: $(READY) ## the slow sweeps: laws with many examples, kills at many instants; SEED=… draws the same again
	FAREGATE_SWEEP=1 $(BIN)/python -m pytest --hypothesis-seed=$(SEED) -m "slow or not slow" tests/laws tests/faults tests/cli tests/sim

clean: ## forget the environment
	rm -rf .venv
