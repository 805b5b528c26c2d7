# Everything runs in .venv, which `make env` creates and keeps in step with pyproject.toml and constraints.txt.

PYTHON ?= python3
WORKSPACE ?= workspace
SUITE ?= mini
ARGS ?=
# A file of tests stays in one process; at most four, for each of them loads torch.
PROCESSES ?= --numprocesses auto --maxprocesses 4 --dist loadfile

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TREE := $(VENV)/tree
FOLDERS := data methods judges benchmark leaderboard

.DEFAULT_GOAL := help
.PHONY: help env run full leaderboard answers screenshots picture readme test test-all lint types perf fuzz faults

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(STAMP) ## Create .venv and install the package with all that tests need

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch "$@"

run: env ## Run the default benchmark, or SUITE=... (train, evaluate, score, show); the same command resumes
	$(BIN)/lifealign run $(SUITE) --workspace "$(WORKSPACE)" $(ARGS)

full: env ## Every step of the default benchmark, or of SUITE=..., in turn: run, recompute all numbers, show, write the report; the same command resumes
	$(BIN)/lifealign run $(SUITE) --workspace "$(WORKSPACE)" $(ARGS)
	$(BIN)/lifealign score "$(WORKSPACE)/results"
	$(BIN)/lifealign leaderboard "$(WORKSPACE)/results" --table
	$(BIN)/lifealign report "$(WORKSPACE)/results" --suite $(SUITE) --out "$(WORKSPACE)/report"

leaderboard: env ## Open the board in a browser: all results in WORKSPACE beside those that ship
	$(BIN)/lifealign leaderboard $(if $(wildcard $(WORKSPACE)/results),"$(WORKSPACE)/results" --reference) $(ARGS)

answers: env ## Compute the intervals and tests that ship with the board anew, after its rows or the statistics changed
	$(BIN)/python -m lifealign_bench.leaderboard.known_answers

screenshots: env ## Draw docs/screenshots from the board that ships (needs a Chromium)
	$(BIN)/python docs/screenshots.py

picture: env ## Draw the forgetting matrices of SUITE's first order in WORKSPACE as docs/forgetting.png (needs a Chromium)
	$(BIN)/lifealign leaderboard "$(WORKSPACE)/results/$(SUITE)" --figure docs/forgetting.png

readme: env ## Make the numbers, tables and figure of README.md and docs/reproduction.md anew from results that ship (needs a Chromium)
	$(BIN)/python docs/rebuild.py $(ARGS)

test: env lint types ## Format, lint, types, and all tests but the long ones
	$(BIN)/python -m pytest $(PROCESSES) -m "not long" $(ARGS)

test-all: env lint types ## The long tests, too
	$(BIN)/python -m pytest $(PROCESSES) $(ARGS)

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy cannot follow the package mapping of an editable install, so it sees the folders in the place of the packages.
types: env
	rm -rf "$(TREE)"
	mkdir -p "$(TREE)/lifealign_bench"
	for entry in lifealign_bench/*; do ln -s "$(CURDIR)/$$entry" "$(TREE)/$$entry"; done
	for folder in $(FOLDERS); do ln -s "$(CURDIR)/$$folder" "$(TREE)/lifealign_bench/$$folder"; done
	cd "$(TREE)" && MYPYPATH="$$PWD" "$(CURDIR)/$(BIN)/mypy" --config-file "$(CURDIR)/pyproject.toml" \
	    --cache-dir "$(CURDIR)/.mypy_cache" -p lifealign_bench

perf: env ## Measure the costs that the project promises (a quiet machine gives better numbers)
	set -e; for script in perf/[a-z]*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

fuzz: env ## Check 20,000 mutated submissions: findings and nothing else
	$(BIN)/python perf/_fuzz_submissions.py $(ARGS)

faults: env ## Do 200 seeded faults (kill, full disk, cut store, flipped bit, ...) to a small graph, and compare every byte
	$(BIN)/python perf/_faults.py $(ARGS)
