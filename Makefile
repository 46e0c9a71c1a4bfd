# Every command of Sluss; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# `sluss` reads what a person gives (make deploy VERSION=2) from its environment, so that no shell ever does. `value`
# takes the text as it was written: make does not look for references in it either.
$(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(eval override export $(name) := $$(value $(name)))))

# `make -j data train` would train while the data come.
.NOTPARALLEL:

# Settings for another Python, of a shell that serves other projects: they would change what these commands import.
unexport PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONWARNINGS PYTHONOPTIMIZE PYTHONINSPECT PYTHONSAFEPATH VIRTUAL_ENV

# Modules instead of the scripts in .venv/bin: these name the folder in which they were installed.
PYTHON := .venv/bin/python
SLUSS := $(PYTHON) -m commands
# Needs Python and no environment.
STACK := $(or $(wildcard $(PYTHON)),python3) -m sluss.stack
READY := .venv/.ready
# The environment names the folder of the checkout. Where that was moved or copied, it is corrected.
MOVED := $(shell [ ! -e $(READY) ] || [ "$$(cat $(READY))" = "$$(cd .venv && pwd -P)" ] || echo moved)
.PHONY: moved

# Both parts run, whether or not the first one passes.
define tests_marked
$(PYTHON) -m pytest -n auto --maxprocesses 4 -m $(1); first=$$?; \
if docker info >/dev/null 2>&1; then $(PYTHON) -m pytest tests/stack -s -m $(1) || exit; fi; exit $$first
endef

.PHONY: help
help:  ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml scripts/dev/setup.sh $(MOVED)
	@scripts/dev/setup.sh >&2

##@ Start here
.PHONY: new demo test nightly weekly status ui report notebook
new: $(READY)  ## Your own table: NAME=flights DATA=flights.csv TARGET=late (TIME=… ID=… ZONE=… YES=1, DRY=1: only look)
	@$(SLUSS) new
demo: $(READY)  ## The whole life cycle on real data, on this machine, without Docker (USE_CASE=fraud or all, DATA=path: archive on disk)
	@$(SLUSS) demo
test: $(READY)  ## All tests that need no Docker
	@$(PYTHON) -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
nightly: $(READY)  ## Faults, attacks, machines, mistakes, backup and upgrade; with Docker in the stack too (about an hour and a half)
	@$(call tests_marked,nightly)
weekly: $(READY)  ## Every estimator, every mistake of the drill, refreshes, all use cases; with Docker in the stack too (hours)
	@$(call tests_marked,weekly)
status: $(READY)  ## Show what is live, since when, why, how good and how fresh, and what needs a person (USE_CASE=… for one, JSON=1)
	@$(SLUSS) status
ui: $(READY)  ## MLflow's and Airflow's pages with the demo's results, without Docker
	@$(SLUSS) ui
report: $(READY)  ## Write the report and open it
	@$(SLUSS) report --open
notebook: $(READY)  ## JupyterLab on notebooks/: on the stack's data if it is up, embedded otherwise (NOTEBOOK_PORT=8888)
	@$(SLUSS) notebook

##@ Steps (in the stack if it is up, embedded otherwise, or WHERE=stack; USE_CASE=sentiment)
.PHONY: data train plots reproduce gates deploy rollback repair history score alerts ack silence comment reopen notify drill lineage why
data: $(READY)  ## Load and curate the history, or INTERVAL=2026-01-05
	@$(SLUSS) data
train: $(READY)  ## Train, judge and register a model
	@$(SLUSS) train --load-history
plots: $(READY)  ## Draw VERSION=n, by default the newest: confusion matrix or residuals, learning curve, and more
	@$(SLUSS) plots
reproduce: $(READY)  ## Train VERSION=n again in a fresh environment; list the differences (exit code 1) or find none (0)
	@$(SLUSS) reproduce
gates: $(READY)  ## Run the gates on VERSION=n, by default the newest
	@$(SLUSS) gates
deploy: $(READY)  ## Make VERSION=n (by default the newest trained one) the champion if every gate passes it
	@$(SLUSS) deploy
rollback: $(READY)  ## Restore the previous version at once (REASON="why"; VERSION=n: only if n is in production)
	@$(SLUSS) rollback
repair: $(READY)  ## Make MLflow agree with the ledger again, or restore a ledger that was cut off (ACCEPT=1: keep what is left, DROP=1: drop forged entries)
	@$(SLUSS) repair
history: $(READY)  ## Show every change of production with its time, author and reason, and verify the ledger
	@$(SLUSS) history
score: $(READY)  ## Score and monitor INTERVAL=2026-01-05; brings its rows if they are not there
	@$(SLUSS) score
alerts: $(READY)  ## Show the open alerts with age and owner (ALL=1: ended ones too, JSON=1: with their history)
	@$(SLUSS) alerts
ack: $(READY)  ## Take ALERT=k3f7qa over (BY=ann: for another person, COMMENT="why")
	@$(SLUSS) ack
silence: $(READY)  ## Hear no more of ALERT=k3f7qa UNTIL=3d (or a day) REASON="why", unless it becomes more severe
	@$(SLUSS) silence
comment: $(READY)  ## Add COMMENT="text" to the history of ALERT=k3f7qa
	@$(SLUSS) comment
reopen: $(READY)  ## Open ALERT=k3f7qa again, without owner and silence (CLOSE=1: close it after that)
	@$(SLUSS) reopen
notify: $(READY)  ## Send the news of alerts that are due to the receivers of SLUSS_NOTIFY
	@$(SLUSS) notify
drill: $(READY)  ## Make mistakes on purpose, in a copy of the stores: which lock refuses which (KIND=labels, NAME="…", JSON=1)
	@$(SLUSS) drill
lineage: $(READY)  ## Trace a prediction (ID=tweets-3370) or VERSION=1 upstream, or INTERVAL=2026-01-05 downstream (JSON=1, SVG=path)
	@$(SLUSS) lineage
why: $(READY)  ## Show one prediction's receipt, and score its row again: ID=tweets-3370 (INTERVAL=2026-01-05, JSON=1)
	@$(SLUSS) why

##@ Backups (of the stack if it is up, embedded otherwise, or WHERE=stack)
.PHONY: backup restore verify
backup: $(READY)  ## Back up all stores, also while they work: TO=folder or s3://bucket/prefix (KEEP=14, KEEP=30d)
	@$(SLUSS) backup
restore: $(READY)  ## Restore the newest backup of FROM=… (or BACKUP=name) to an empty place, and verify it
	@$(SLUSS) restore
verify: $(READY)  ## Verify the newest backup of FROM=… (or BACKUP=name): digests, ledger, rows, 1,000 predictions
	@$(SLUSS) verify

##@ The stack (real services in containers)
.PHONY: up down destroy ps logs login shell backfill build sbom base-images smoke
up:  ## Build, start, wait until every service is healthy, print the addresses (WORKERS=2: with so many workers)
	@$(STACK) up
down:  ## Stop the stack; its data stays
	@$(STACK) down
destroy:  ## Delete the stack and its data, after a question (YES=1: without)
	@$(STACK) destroy
ps:  ## Show the containers
	@$(STACK) ps
logs:  ## Show the last lines of all services, or SERVICE=mlflow (FOLLOW=1: go on)
	@$(STACK) logs
login:  ## Show the addresses and the logins
	@$(STACK) login
shell:  ## A shell where the tasks run
	@$(STACK) run
backfill:  ## Score the days FROM=2026-01-02 to TO=2026-01-05 in the stack, again if they were scored
	@$(STACK) backfill
build:  ## Build the images only, and write their bills of materials
	@$(STACK) build && $(STACK) bill
sbom:  ## Write what each image holds, with versions and licences, to var/sbom (CycloneDX)
	@$(STACK) bill
base-images:  ## Make the base images from Debian's packages, where no registry can be reached
	@scripts/dev/base_images.sh
smoke: $(READY)  ## Start a stack of its own, test it from outside, delete it
	@$(PYTHON) -m pytest tests/stack -s

##@ Development
.PHONY: setup lint format docs bench lock release clean
setup: $(READY)  ## Make the environment from the lock file
lint: $(READY)  ## Check format, lint and types
	@.venv/bin/ruff format --check . && .venv/bin/ruff check . && $(PYTHON) -m mypy && $(PYTHON) .venv/bin/lint-imports
format: $(READY)  ## Format the code and mend what lint can mend
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .
docs: $(READY)  ## Write the tables of docs/ that come from the code
	@PYTHONPATH=. $(PYTHON) scripts/dev/document_config.py
bench: $(READY)  ## Measure, and print ratios to a baseline of the same run (QUICK=1: the DAGs and a generated table, once)
	@$(PYTHON) benchmarks/run.py $(if $(QUICK),parse_dags any_table --rounds 1)
lock: $(READY)  ## Resolve the dependencies anew into requirements.lock
	@.venv/bin/uv pip compile pyproject.toml --group airflow --group mlflow --group init --group notebook --group dev \
		--group lightgbm --group xgboost --group catboost --universal \
		--generate-hashes --no-annotate --upgrade --custom-compile-command "make lock" --quiet --output-file requirements.lock
release:  ## Release VERSION=0.2.0: all files that name it, CHANGELOG, a commit and a tag (docs/releasing.md)
	@python3 scripts/dev/release.py
clean:  ## Delete what demo, tests and steps left in var/ (the stack keeps its own data)
	@rm -rf var
