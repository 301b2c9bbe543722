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
DEPLOY  := $(VENV)/.installed-deploy

.DEFAULT_GOAL := help
.PHONY: help run test smoke deploy-test image-test install lint format types lock bench clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

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

types: $(DEV)  ## Check types (mypy, strict)
	@$(BIN)/mypy

lock: $(DEV)  ## Pin all dependencies again, with hashes, into requirements/ (needs a network)
	@$(LOCK) $(LOCK_ARGS) --group build -o requirements/build.txt
	@$(LOCK) $(LOCK_ARGS) pyproject.toml -o requirements/runtime.txt
	@$(LOCK) $(LOCK_ARGS) pyproject.toml --group dev -c requirements/runtime.txt -c requirements/build.txt -o requirements/dev.txt
	@$(LOCK) $(LOCK_ARGS) --group deploy -c requirements/dev.txt -o requirements/deploy.txt

bench: $(DEV)  ## Measure the service over HTTP beside nlp.pipe, in one run (needs wrk)
	@$(BIN)/python -m benchmarks $(ARGS)

clean:  ## Remove the virtual environments and every cache
	rm -rf .venv* build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) was not found; name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("make: Spanwise needs Python 3.11 to 3.13; %s is %d.%d. Name another with PYTHON=python3.12" % ("$(PYTHON)", *v))'
	$(PYTHON) -m venv $(VENV)

# The lock is installed with hashes; the project itself then needs no index.
$(RUNTIME): $(VENV)/bin/python pyproject.toml requirements/build.txt requirements/runtime.txt
	$(PIP) --require-hashes --only-binary :all: -r requirements/build.txt -r requirements/runtime.txt
	$(PIP) --no-build-isolation --no-deps --no-index --editable .
	@touch $@

$(DEV): $(VENV)/bin/python pyproject.toml requirements/build.txt requirements/dev.txt
	$(PIP) --require-hashes --only-binary :all: -r requirements/dev.txt
	$(PIP) --no-build-isolation --no-deps --no-index --editable .
	@touch $@ $(RUNTIME)

$(DEPLOY): $(DEV) requirements/deploy.txt
	$(PIP) --require-hashes --only-binary :all: -r requirements/deploy.txt
	@touch $@
