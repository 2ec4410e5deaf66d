# The one task runner: `make help` lists its verbs, and CI runs the same ones.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OFFICIAL := .official-sdk
PRISM := .prism
PRISM_CLI := @stoplight/prism-cli@5.14.2
CLIENT := generated/dataarts_datamap_client
SPEC := spec/datamap.openapi.yaml

# The tools of this checkout alone: nothing of the caller's environment takes part.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTEST_ADDOPTS PYTEST_PLUGINS RUFF_CONFIG MYPYPATH

# Of the environment's ENDPOINT nothing is known: only one that was typed behind the verb is meant.
ifneq ($(origin ENDPOINT),command line)
ENDPOINT :=
endif

# Nor of its BASE.
ifneq ($(origin BASE),command line)
BASE :=
endif

# An environment that was moved or copied would run the code of its old place.
ifneq ($(shell cat $(VENV)/.python 2>/dev/null),$(CURDIR))
$(shell rm -f $(VENV)/.python $(VENV)/.runtime $(VENV)/.dev $(VENV)/.docs)
endif

# More processes than cores: many a test waits for a socket.
PARALLEL := --numprocesses 4 --dist worksteal

PIP_INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt --build-constraint constraints.txt

BENCH := .bench
OFFICIAL_SDK := huaweicloudsdkdataartsstudio
# $(call bench_install,NAME): installs into one of the environments that are compared.
bench_install = $(BIN)/python -m pip --python $(BENCH)/$(1) install --quiet --constraint constraints.txt \
	--build-constraint constraints.txt --constraint benchmarks/constraints.txt

.PHONY: help
help: ## List the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  make %-16s %s\n", $$1, $$2 }'

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=/path/to/python3.11 ...")'
	@echo "Setting up $(VENV) ..." >&2
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt pip
	@echo "$(CURDIR)" > $@

$(VENV)/.runtime: $(VENV)/.python pyproject.toml constraints.txt wrapper/dataarts_datamap/_version.py
	@$(PIP_INSTALL) --editable '.[cli,mock]'
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@$(PIP_INSTALL) --editable '.[all]' --group dev
	@touch $@

# What the documentation is built with.
$(VENV)/.docs: $(VENV)/.dev
	@$(PIP_INSTALL) --group docs
	@touch $@

# The official SDK, as a client of the mock server: in an environment of its own, since it is no dependency.
$(OFFICIAL)/.made: constraints.official.txt
	@echo "Setting up $(OFFICIAL) ..." >&2
	@$(PYTHON) -m venv --clear $(OFFICIAL)
	@$(OFFICIAL)/bin/python -m pip install --quiet --constraint $< huaweicloudsdkdataartsstudio
	@touch $@

# Prism, as a server for the conformance suite: no part of what is shipped. npm leaves no lock file, as one has addresses.
$(PRISM)/.made:
	@command -v npm >/dev/null || { echo "Prism is installed with npm, which is not on the PATH: install Node.js 20 or newer" >&2; exit 1; }
	@echo "Setting up $(PRISM) ..." >&2
	@mkdir -p $(PRISM)
	@npm install --prefix $(PRISM) --no-package-lock --no-save --ignore-scripts --no-audit --no-fund --loglevel error $(PRISM_CLI) >&2
	@touch $@

.PHONY: prism
prism: $(PRISM)/.made ## Install Prism from npm, which the long proofs serve the specification with

.PHONY: setup
setup: $(VENV)/.dev ## Install everything a developer needs into .venv

.PHONY: demo
demo: $(VENV)/.runtime ## Run the main job against the embedded mock server
	@$(BIN)/python examples/which_runs.py

.PHONY: test
test: $(VENV)/.dev ## Run the whole test suite
	@$(BIN)/python -m pytest $(PARALLEL)

.PHONY: prove
prove: $(VENV)/.docs $(OFFICIAL)/.made $(PRISM)/.made ## Run the long proofs
	@$(BIN)/python -m pytest -m prove
	@$(BIN)/python -m pytest contract_tests --max-examples 1000

.PHONY: contract
contract: $(VENV)/.dev ## Run the conformance tests (ENDPOINT=https://... for a server of your own)
	@$(BIN)/python -m pytest contract_tests $(if $(ENDPOINT),--endpoint '$(ENDPOINT)')

.PHONY: lint
lint: $(VENV)/.docs ## Check style, types, import layers and the specification
	@$(BIN)/ruff check --no-cache .
	@$(BIN)/ruff format --no-cache --check --quiet .
	@$(BIN)/python spec/check.py
	@$(BIN)/python spec/diff.py
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/mypy wrapper contract_tests/dataarts_datamap_contract examples spec tests benchmarks docs_build
	@$(BIN)/basedpyright

.PHONY: spec-diff
spec-diff: $(VENV)/.dev ## Tell which changes of the specification break its users (BASE=older.yaml, else the last released)
	@$(BIN)/python spec/diff.py $(if $(BASE),'$(BASE)')

.PHONY: mutants
mutants: $(VENV)/.dev ## Run the suite over the fleet of broken and correct servers, write contract_tests/MUTANTS.md
	@$(BIN)/python -m dataarts_datamap_contract.mutants --output contract_tests/MUTANTS.md

.PHONY: format
format: $(VENV)/.dev ## Rewrite the hand-written code in the project's style
	@$(BIN)/ruff check --no-cache --fix-only --quiet .
	@$(BIN)/ruff format --no-cache --quiet .

# The installations that are compared, and the peers: built here alone.
$(BENCH)/.made: benchmarks/constraints.txt constraints.txt pyproject.toml $(VENV)/.dev
	@rm -f $@
	@for name in plain cli mock sdk peers; do $(BIN)/python -m venv --clear --without-pip $(BENCH)/$$name || exit 1; done
	@$(call bench_install,plain) .
	@$(call bench_install,cli) '.[cli]'
	@$(call bench_install,mock) '.[mock]'
	@$(call bench_install,sdk) $(OFFICIAL_SDK)
	@$(call bench_install,peers) . $(OFFICIAL_SDK) orjson pyarrow
	@touch $@

.PHONY: bench
bench: $(BENCH)/.made build ## Compare with peers, and write benchmarks/RESULTS.md (ONLY=decode,request,... prints those lines)
	@for name in plain cli mock peers; do $(call bench_install,$$name) --no-deps --force-reinstall dist/*.whl || exit 1; done
	@$(BENCH)/peers/bin/python -m benchmarks --environments $(BENCH) --only '$(ONLY)'

.PHONY: evidence
evidence: $(VENV)/.dev ## List what the specification states, and where each statement comes from
	@$(BIN)/python spec/check.py --evidence

# $(call generate,FOLDER): writes the client into a folder that is not there yet.
generate = $(BIN)/openapi-python-client generate --path $(SPEC) --config spec/generator.yaml \
	--custom-template-path spec/templates --meta none --output-path "$(1)" --fail-on-warning >/dev/null

.PHONY: generate
generate: $(VENV)/.dev ## Regenerate the low-level client from the specification
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
	$(call generate,$$scratch/client) && rm -rf generated && mkdir generated && cp -R "$$scratch/client" $(CLIENT)

.PHONY: check-generated
check-generated: $(VENV)/.dev ## Fail if the low-level client is not what the specification generates
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && mkdir "$$scratch/generated" && \
	$(call generate,$$scratch/$(CLIENT)) && \
	{ diff -r -u -x __pycache__ generated "$$scratch/generated" || \
	{ echo "generated/ is not what $(SPEC) generates: run 'make generate' and commit the result" >&2; exit 1; }; }

.PHONY: faults
faults: $(VENV)/.dev ## Rewrite docs/faults.md from the table of faults in the tests
	@cd tests && python -m support.fault_page

.PHONY: docs
docs: $(VENV)/.docs ## Build the documentation into build/docs/site, links checked
	@$(BIN)/python -m docs_build build/docs

.PHONY: screenshots
screenshots: $(VENV)/.dev ## Rewrite docs/images with pictures of the report, taken by the machine's Chromium
	@cd tests && python -m support.report_screenshots

.PHONY: build
build: $(VENV)/.dev ## Build the wheel and the sdist into dist/
	@rm -rf dist && $(BIN)/python -m build --no-isolation --quiet >/dev/null

.PHONY: clean
clean: ## Remove what the other verbs made
	@rm -rf $(VENV) $(OFFICIAL) $(PRISM) $(BENCH) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis
