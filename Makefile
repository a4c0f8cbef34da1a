# Two commands are enough for a newcomer: `make demo` and `make test`. Both set up what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
SEEDS ?= 1000
SEED_BASE ?= 0
MINUTES ?= 10

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed"'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

.PHONY: setup
setup: $(VENV)/.ready ## Set up the virtual environment

.PHONY: demo
demo: setup ## The main job on two sandboxes on this machine (DEMO="--keep", DEMO="--json")
	@$(BIN)/syncd demo $(DEMO)

.PHONY: lint
lint: setup ## Style, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: test
test: lint ## Everything that must hold before a commit (about five minutes)
	$(BIN)/pytest -m 'not soak' -n $(WORKERS) --dist loadfile
	$(BIN)/python -m tests.sim --seeds 200 --workers $(WORKERS)

.PHONY: sim
sim: setup ## Simulate: the real engine in a world that goes wrong (SEEDS=n SEED_BASE=b)
	$(BIN)/python -m tests.sim --seeds $(SEEDS) --seed-base $(SEED_BASE) --workers $(WORKERS) --table

.PHONY: soak
soak: setup ## The long ones: kill -9 of the real process, every crash point, 2,000 seeds
	$(BIN)/pytest -m soak -n $(WORKERS) --dist loadfile --timeout 1800
	$(BIN)/python -m tests.sim --seeds 2000 --seed-base 1000000 --workers $(WORKERS)

.PHONY: chaos
chaos: setup ## Three workers on one PostgreSQL while everything goes wrong (MINUTES=10 SEED=7)
	$(BIN)/python -m tests.soak.chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

.PHONY: docs
docs: setup ## Pages printed from the code: docs/how-it-decides.md
	$(BIN)/python docs

.PHONY: crash2
crash2: setup ## A second crash into every state that a recovery goes through (about an hour)
	$(BIN)/python -m tests.golden --twice --workers $(WORKERS)

.PHONY: mutants
mutants: setup ## Plant bugs, and hunt each with up to 10,000 seeds
	$(BIN)/python -m tests.mutants --workers $(WORKERS)

.PHONY: bench
bench: setup ## Ratios against the bare loop, in one run
	$(BIN)/python -m benchmarks

.PHONY: scale
scale: setup ## What one PostgreSQL carries: 10,000 links, 1,000,000 pairs, by one worker and two (6 GB)
	$(BIN)/python -m benchmarks --only N9,SCALE

.PHONY: generate
generate: setup ## Write what is made from code: rules, their tests, the dashboard
	$(BIN)/python -m deploy.generate

.PHONY: lock
lock: setup ## Pin everything an installation needs, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --extra alerts --extra cluster \
		--constraint constraints.txt --output-file deploy/requirements.lock pyproject.toml
	sed -i '1i # Every package of an installation, with hashes. Written by `make lock`; install with\n#   pip install --require-hashes -r deploy/requirements.lock' deploy/requirements.lock

.PHONY: audit
audit: setup ## Known vulnerabilities in what is locked
	$(BIN)/python -m deploy.audit

.PHONY: release
release: setup audit ## Wheel, source, list of materials and checksums, in dist/
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --of JSON \
		--output-file dist/syncd.cdx.json deploy/requirements.lock
	cp deploy/requirements.lock dist/
	cd dist && sha256sum * > SHA256SUMS

.PHONY: clean
clean: ## Remove what setup and tests made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
