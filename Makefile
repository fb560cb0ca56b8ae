# Every target sets up what it needs; `make help` lists them.
SHELL := /bin/sh
BIN := .venv/bin
ROUNDS ?=
SCENARIOS ?=
.DEFAULT_GOAL := help

.PHONY: help setup bench bench-web bench-native check baseline compare test test-fast test-e2e test-full lint benchmark engine-up engine-down clean lock

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  %-14s %s\n", $$1, $$2 }'

setup: ## make .venv with the locked dependencies
	@PYTHON="$(PYTHON)" tools/setup

bench: setup ## measure both sample apps; starts a private engine where no other answers
	@ROUNDS="$(ROUNDS)" tools/bench web native

bench-web: setup ## measure sample_app/web only
	@ROUNDS="$(ROUNDS)" tools/bench web

bench-native: setup ## measure sample_app/native only
	@ROUNDS="$(ROUNDS)" tools/bench native

RESULT ?= bench-results/web.json
BENCH_FILE ?= sample_app/web/layerbench.toml
BASE ?=
HEAD ?= $(RESULT)

check: setup ## judge RESULT by BENCH_FILE's budgets and expectations; measures it first where it is not there
	@[ -f "$(RESULT)" ] || case "$(notdir $(RESULT))" in \
		web.json | native.json) RESULTS="$(dir $(RESULT))" ROUNDS="$(ROUNDS)" SCENARIOS="$(SCENARIOS)" \
			tools/bench "$(basename $(notdir $(RESULT)))" ;; \
		*) echo "check: there is no $(RESULT), and only web.json and native.json can be measured here:" \
			"write it with layerbench run, or let RESULT end in one of the two" >&2; exit 2 ;; \
	esac
	$(BIN)/layerbench check "$(RESULT)" -c "$(BENCH_FILE)"

baseline: setup ## write RESULT's bytes, layers and cached steps beside BENCH_FILE, to be committed
	$(BIN)/layerbench baseline update "$(RESULT)" -o "$(dir $(BENCH_FILE))layerbench-baseline.json"

compare: setup ## hold two results against each other: make compare BASE=main.json HEAD=pr.json
	@[ -n "$(BASE)" ] || { echo "compare: name the earlier result: make compare BASE=main.json" >&2; exit 2; }
	$(BIN)/layerbench compare "$(BASE)" "$(HEAD)"

# The builds mostly wait for the engine, so the other tests run beside them.
test: setup ## the tests, real builds on real engines included
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=line test-fast test-e2e

test-fast: setup ## the tests that need no engine
	$(BIN)/python -m pytest -m "not e2e" -n 2

test-e2e: setup ## the tests with real builds, and with a real browser
	$(BIN)/python -m pytest -m "e2e and not full" -n 2 --dist loadfile --no-loadscope-reorder

test-full: setup ## these and those that take long: every generated case, both engines, a longer search
	HYPOTHESIS_PROFILE=search $(BIN)/python -m pytest -m "not e2e" -n 2
	$(BIN)/python -m pytest -m e2e

lint: setup ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmark: setup ## speed of layerbench itself, as ratios in one run
	$(BIN)/python -m benchmarks

engine-up: setup ## start the private engine, fetching its programs where needed
	$(BIN)/layerbench engine up --fetch

engine-down: setup ## stop the private engine and remove all that is its own
	$(BIN)/layerbench engine down --purge

lock: setup ## write requirements.lock anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 \
		--extra index --group dev pyproject.toml -o requirements.lock

clean: ## remove what the targets made: private engines, caches, results, .venv
	@if [ -x $(BIN)/layerbench ]; then $(BIN)/layerbench engine down --all --purge; fi
	rm -rf .venv .layerbench bench-results dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
