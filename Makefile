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
STEP := $(STACK) step
READY := .venv/.ready
span = $(if $(INTERVAL),--interval $(INTERVAL),--history)
version = $(if $(VERSION),--version $(VERSION))
# The shell reads the id from its own environment, whatever characters it holds.
asked = $(if $(ID),--id "$$ID") $(if $(INTERVAL),--interval $(INTERVAL)) $(version) $(if $(JSON),--json)

.PHONY: help
help:  ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh

##@ Start here
.PHONY: demo test ui report notebook
demo: $(READY)  ## The whole story on real data, on this machine, without Docker (DATA=path: archive on disk)
	@$(PYTHON) scripts/demo.py
test: $(READY)  ## All tests that need no Docker
	@.venv/bin/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
ui: $(READY)  ## MLflow's and Airflow's pages on what the demo left, without Docker
	@$(PYTHON) scripts/ui.py
report: $(READY)  ## Write the report anew and open it
	@$(PYTHON) tasks/make_report.py --use-case $(USE_CASE) --open
notebook: $(READY)  ## JupyterLab on notebooks/: on the stack's data when it is up, embedded otherwise (NOTEBOOK_PORT=8888)
	@$(PYTHON) scripts/notebook.py

##@ Steps (in the stack when it is up, embedded otherwise; USE_CASE=sentiment)
.PHONY: data train plots reproduce gates deploy rollback history score lineage why
data: $(READY)  ## Bring in and curate the history, or INTERVAL=2026-01-05
	@$(STEP) generate_data $(span) && $(STEP) curate_data $(span)
train: $(READY)  ## Train, judge and register a model
	@$(STEP) train_model --load-history
plots: $(READY)  ## Draw VERSION=n, by default the newest: confusion matrix or residuals, learning curve, and more
	@$(STEP) plot_model $(version)
reproduce: $(READY)  ## Train VERSION=n again in a fresh environment, and say what differs (1) or that it is the same (0)
	@$(PYTHON) scripts/reproduce.py --use-case $(USE_CASE) $(version)
gates: $(READY)  ## Run the gates on VERSION=n, by default the newest
	@$(STEP) validate_model $(version)
deploy: $(READY)  ## Make VERSION=n (by default the newest) the champion, if every gate lets it pass
	@$(STEP) deploy_model --by "$$(id -un)" $(version)
rollback: $(READY)  ## Go back to the version before, at once (REASON="why"; VERSION=n: only if n is in production)
	@$(STEP) rollback_model --by "$$(id -un)" $(if $(REASON),--reason "$$REASON") $(version)
history: $(READY)  ## Show what was in production from when to when, by whom and why, and check the ledger
	@$(STEP) show_history
score: $(READY)  ## Score and monitor INTERVAL=2026-01-05
	$(if $(INTERVAL),,$(error Name the interval to score: make score INTERVAL=2026-01-05))
	@$(STEP) batch_predict $(span) && $(STEP) monitor_model $(span) && $(STEP) generate_summary $(span)
lineage: $(READY)  ## Show what made a prediction (ID=movies-12) or VERSION=1, or what came of INTERVAL=2026-01-05 (JSON=1, SVG=path)
	@$(STEP) show_lineage $(asked) $(if $(SVG),--svg - > "$$SVG.part" && mv "$$SVG.part" "$$SVG" || { rm "$$SVG.part"; exit 2; })
why: $(READY)  ## Show one prediction's receipt, and score its row again: ID=movies-12 (INTERVAL=2026-01-05, JSON=1)
	$(if $(ID),,$(error Name the row: make why ID=movies-12))
	@$(STEP) explain_prediction $(asked)

##@ The stack (real services in containers)
.PHONY: up down destroy ps logs login shell backfill build base-images smoke
up:  ## Build, start, wait until every service is healthy, print the addresses
	@$(STACK) up
down:  ## Stop the stack; its data stays
	@$(STACK) down
destroy:  ## Delete the stack and its data, after a question (YES=1: without)
	@$(STACK) destroy $(if $(YES),--yes)
ps:  ## Show the containers
	@$(STACK) ps
logs:  ## Show the last lines of all services, or SERVICE=mlflow (FOLLOW=1: go on)
	@$(STACK) logs $(if $(FOLLOW),--follow) $(SERVICE)
login:  ## Show the addresses and the logins
	@$(STACK) login
shell:  ## A shell where the tasks run
	@$(STACK) run
backfill:  ## Score the days FROM=2026-01-02 to TO=2026-01-05 in the stack, again if they were scored
	@$(STACK) run -- airflow backfill create --dag-id $(USE_CASE)_scoring --from-date $(FROM) --to-date $(TO) \
		--reprocess-behavior completed --max-active-runs 1
build:  ## Build the images only
	@$(STACK) build
base-images:  ## Make the base images from Debian's packages, where no registry can be reached
	@scripts/base_images.sh
smoke: $(READY)  ## Bring up a stack of its own, use it from outside, take it down
	@.venv/bin/pytest tests/stack -s

##@ Development
.PHONY: setup lint format docs bench lock clean
setup: $(READY)  ## Make the environment from the lock file
lint: $(READY)  ## Check format, lint and types
	@.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy && .venv/bin/lint-imports
format: $(READY)  ## Format the code and mend what lint can mend
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .
docs: $(READY)  ## Write the tables of docs/ that come from the code
	@$(PYTHON) scripts/document_config.py
bench: $(READY)  ## Measure, and print ratios to a baseline of the same run
	@$(PYTHON) benchmarks/run.py
lock: $(READY)  ## Resolve the dependencies anew into requirements.lock
	@.venv/bin/uv pip compile pyproject.toml --group airflow --group mlflow --group init --group notebook --group dev --universal \
		--generate-hashes --no-annotate --upgrade --custom-compile-command "make lock" --quiet --output-file requirements.lock
clean:  ## Delete what demo, tests and steps left in var/ (the stack keeps its own data)
	@rm -rf var
