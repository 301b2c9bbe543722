# Two commands set everything up on a fresh machine: `make run` and `make test`.
# Another Python: `make test PYTHON=python3.12` (it gets a virtual environment of its own).

PYTHON ?= python3
VENV   ?= .venv$(if $(filter-out python3,$(notdir $(PYTHON))),-$(notdir $(PYTHON)))
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-input
LOCK   := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
          --no-emit-find-links --custom-compile-command "make lock"

RUNTIME := $(VENV)/.installed-runtime
DEV     := $(VENV)/.installed-dev
BENCH   := $(VENV)/.installed-bench
DEPLOY  := $(VENV)/.installed-deploy
KERNELS := setup.py $(wildcard pipelines/kernels/*.[ch] pipelines/kernels/*/*.[ch])
TRAINING_VENV := .venv-training
TRAINING      := $(TRAINING_VENV)/.installed
CONTRACT_VENV := .venv-contract
CONTRACT      := $(CONTRACT_VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help run test smoke deploy-test image-test install lint format types lock contract contract-tools clients openapi \
    bench bench-engine exactness soak clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(RUNTIME)  ## Install what is missing, then start the service on 127.0.0.1:8000 (ARGS=... goes to spanwise serve)
	@$(BIN)/spanwise serve $(ARGS)

test: $(DEV)  ## Install what is missing, then run all tests of the service (ARGS=... goes to pytest)
	@$(BIN)/python -m pytest $(ARGS)

smoke: $(DEV)  ## The short test list that every supported Python must pass
	@$(BIN)/python -m pytest -m smoke $(ARGS)

deploy-test: $(DEPLOY)  ## Check the Dockerfile and the Kubernetes manifests (ARGS=... goes to pytest)
	@$(BIN)/hadolint Dockerfile
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest $(or $(ARGS),tests/deploy)

image-test: $(DEPLOY)  ## Build the image and run it as a cluster would (as root, by podman; ARGS=... goes to pytest)
	@PATH="$(abspath $(BIN)):$$PATH" tests/image/run.sh $(abspath $(BIN))/python $(ARGS)

install: $(DEV)  ## Create the virtual environment with everything development needs

lint: $(DEV)  ## Check style and imports, change nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(DEV)  ## Fix style and imports
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

# mypy does not follow an editable install's finder: it gets the rooms by their installed names as a folder of links.
types: $(DEV)  ## Check types (mypy, strict)
	@mkdir -p build/types/spanwise
	@ln -sfn $(abspath spanwise/__init__.py) build/types/spanwise/__init__.py
	@for room in service pipelines schemas; do ln -sfn $(CURDIR)/$$room build/types/spanwise/$$room; done
	@$(BIN)/mypy

lock: $(DEV)  ## Pin all dependencies again, with hashes, into requirements/ (needs a network)
	@$(LOCK) $(LOCK_ARGS) --group build -o requirements/build.txt
	@$(LOCK) $(LOCK_ARGS) --group contract -o requirements/contract.txt
	@$(LOCK) $(LOCK_ARGS) pyproject.toml -o requirements/runtime.txt
	@$(LOCK) $(LOCK_ARGS) pyproject.toml --group dev -c requirements/runtime.txt -c requirements/build.txt -o requirements/dev.txt
	@$(LOCK) $(LOCK_ARGS) --group bench -c requirements/dev.txt -o requirements/bench.txt
	@$(LOCK) $(LOCK_ARGS) --group quality -c requirements/dev.txt -o requirements/quality.txt
	@$(LOCK) $(LOCK_ARGS) --group deploy -c requirements/dev.txt -o requirements/deploy.txt

.PHONY: sanitize
sanitize: $(DEV)  ## Check the kernels with AddressSanitizer, UBSan and failing allocations (ARGS=--short: as in CI; needs gcc)
	@$(BIN)/python -m tests.sanitize $(ARGS)

.PHONY: quality reliability
DATA    ?= ../shared/data
DIAGRAM := $(VENV)/.installed-quality

quality: $(DEV)  ## Score the default pipeline on corpora beside spaCy and VADER (DATA=folder), or on files of your own (TEXTS=, TARGETS=)
	@$(BIN)/python -m quality $(if $(TEXTS)$(TARGETS),$(TEXTS:%=--texts %) $(TARGETS:%=--targets %),$(DATA)) $(ARGS)

reliability: $(DIAGRAM)  ## Draw docs/reliability.png: confidence beside how often it was right (DATA=folder)
	@$(BIN)/python -m quality.reliability $(DATA) docs/reliability.png

.PHONY: train-sentiment
train-sentiment: $(TRAINING)  ## Train the sentiment model anew, into pipelines/sentiment/english (DATA=folder; some 50 minutes on 2 cores with AMX, 90 without)
	@$(TRAINING_VENV)/bin/python -m training $(DATA) $(ARGS)

$(TRAINING): $(VENV)/bin/python requirements/build.txt requirements/runtime.txt requirements/training.txt $(KERNELS)
	$(VENV)/bin/python -m venv $(TRAINING_VENV)
	$(TRAINING_VENV)/bin/python -m pip --disable-pip-version-check install --quiet --no-input --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	$(TRAINING_VENV)/bin/python -m pip --disable-pip-version-check install --quiet --no-input -r requirements/training.txt
	$(TRAINING_VENV)/bin/python -m pip --disable-pip-version-check install --quiet --no-input --no-build-isolation --no-deps --no-index --editable .
	@touch $@

$(DIAGRAM): $(DEV) requirements/quality.txt
	$(PIP) --require-hashes --only-binary :all: -r requirements/quality.txt
	@touch $@

contract: $(DEV)  ## Fail when openapi.json breaks callers of the last release (BASE=file: of another document)
	@$(BIN)/python -m contract.gate $(BASE)

contract-tools: $(CONTRACT) contract/node_modules/.installed  ## Install the linters and generators of the API contract (needs Node)

clients: $(DEV) contract-tools  ## Generate a client per language into clients/ (docs/clients.md)
	@$(BIN)/python -m contract.clients clients $(ARGS)

openapi: $(DEV)  ## Write openapi.json anew, with the answers that the service gives to its examples now
	@$(BIN)/python -m contract.examples
	@$(BIN)/spanwise openapi > openapi.json

bench: $(DEV)  ## Measure the service over HTTP beside nlp.pipe, in one run (needs wrk)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-engine: $(BENCH)  ## Measure the compiled engine beside nlp.pipe, OpenBLAS and ONNX Runtime, in one run
	@$(BIN)/python -m benchmarks.engine $(ARGS)

exactness: $(DEV)  ## Compare the compiled engine with nlp.pipe on every text of the corpora (the largest in English only; takes an hour)
	@$(BIN)/python -m benchmarks.exactness $(ARGS)

soak: $(DEV)  ## Watch memory over 200,000 texts of never-seen words (takes some minutes)
	@$(BIN)/python -m benchmarks.soak $(ARGS)

clean:  ## Remove the virtual environments and every cache
	rm -rf .venv* clients contract/node_modules build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) was not found; name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("make: Spanwise needs Python 3.11 to 3.13; %s is %d.%d. Name another with PYTHON=python3.12" % ("$(PYTHON)", *v))'
	$(PYTHON) -m venv $(VENV)

# The lock is installed with hashes; the project itself then needs no index. Its kernels are compiled where there is a C
# compiler; where there is none, the service runs on spaCy's own engine, and says so here and in its log.
INSTALL_PROJECT = $(PIP) --no-build-isolation --no-deps --no-index --editable . && $(BIN)/python -c \
	'from spanwise.pipelines.kernels import Engine as e; e or print("make: the compiled kernels were not built: is there a C compiler? Analysis will be some ten times slower.")'

$(RUNTIME): $(VENV)/bin/python pyproject.toml requirements/build.txt requirements/runtime.txt $(KERNELS)
	$(PIP) --require-hashes --only-binary :all: -r requirements/build.txt -r requirements/runtime.txt
	$(INSTALL_PROJECT)
	@touch $@

$(DEV): $(VENV)/bin/python pyproject.toml requirements/build.txt requirements/dev.txt $(KERNELS)
	$(PIP) --require-hashes --only-binary :all: -r requirements/dev.txt
	$(INSTALL_PROJECT)
	@touch $@ $(RUNTIME)

$(BENCH): $(DEV) requirements/bench.txt
	$(PIP) --require-hashes --only-binary :all: -r requirements/bench.txt
	@touch $@

# The generators want other versions of some packages than the service does.
$(CONTRACT): requirements/contract.txt
	@test -x $(CONTRACT_VENV)/bin/python || $(PYTHON) -m venv $(CONTRACT_VENV)
	$(CONTRACT_VENV)/bin/python -m pip --disable-pip-version-check install --quiet --no-input \
	    --require-hashes --only-binary :all: -r requirements/contract.txt
	@touch $@

contract/node_modules/.installed: contract/package-lock.json
	@command -v npm >/dev/null || { echo "make: npm was not found; Node 20 and later have it" >&2; exit 1; }
	cd contract && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(DEPLOY): $(DEV) requirements/deploy.txt
	$(PIP) --require-hashes --only-binary :all: -r requirements/deploy.txt
	@touch $@
