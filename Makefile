# Every command of Sluss; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

USE_CASE ?= sentiment
export USE_CASE
# The data set's archive on disk, where it cannot be downloaded: make demo DATA=path
ifdef DATA
export SLUSS_DATA := $(abspath $(DATA))
endif

PYTHON := .venv/bin/python
STACK := python3 scripts/stack.py
# Run a step inside the stack when it is up, embedded otherwise.
STEP := scripts/step.sh
READY := .venv/.ready
span = $(if $(INTERVAL),--interval $(INTERVAL),--history)
version = $(if $(VERSION),--version $(VERSION))

.PHONY: help
help:  ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh

##@ Start here
.PHONY: demo test ui report
demo: $(READY)  ## The whole story on real data, on this machine, without Docker (DATA=path: archive on disk)
	@$(PYTHON) scripts/demo.py
test: $(READY)  ## All tests that need no Docker
	@.venv/bin/pytest
ui: $(READY)  ## MLflow's and Airflow's pages on what the demo left, without Docker
	@$(PYTHON) scripts/ui.py
report: $(READY)  ## Write the report anew and open it
	@$(PYTHON) tasks/make_report.py --use-case $(USE_CASE) --open

##@ Steps (in the stack when it is up, embedded otherwise; USE_CASE=sentiment)
.PHONY: data train gates deploy score
data: $(READY)  ## Bring in and curate the history, or INTERVAL=2026-01-05
	@$(STEP) generate_data $(span) && $(STEP) curate_data $(span)
train: $(READY)  ## Train, judge and register a model
	@$(STEP) train_model --load-history
gates: $(READY)  ## Run the gates on VERSION=n, by default the newest
	@$(STEP) validate_model $(version)
deploy: $(READY)  ## Make VERSION=n (by default the newest) the champion, if every gate lets it pass
	@$(STEP) deploy_model $(version)
score: $(READY)  ## Score and monitor INTERVAL=2026-01-05
	@$(STEP) batch_predict $(span) && $(STEP) monitor_model $(span) && $(STEP) generate_summary $(span)

##@ Development
.PHONY: setup lint format bench lock clean
setup: $(READY)  ## Make the environment from the lock file
lint: $(READY)  ## Check format, lint and types
	@.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy
format: $(READY)  ## Format the code and mend what lint can mend
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .
bench: $(READY)  ## Measure, and print ratios to a baseline of the same run
	@$(PYTHON) benchmarks/run.py
lock: $(READY)  ## Resolve the dependencies anew into requirements.lock
	@.venv/bin/uv pip compile pyproject.toml --group airflow --group mlflow --group init --group dev --universal \
		--generate-hashes --no-annotate --upgrade --custom-compile-command "make lock" --quiet --output-file requirements.lock
clean:  ## Delete what demo, tests and steps left in var/ (the stack keeps its own data)
	@rm -rf var
