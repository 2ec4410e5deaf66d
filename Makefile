# The one task runner: `make help` lists its verbs, and CI runs the same ones.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
SCRIPTS := Scripts
PATH_SEPARATOR := ;
else
SCRIPTS := bin
PATH_SEPARATOR := :
endif
BIN := $(VENV)/$(SCRIPTS)
OFFICIAL := .official-sdk
NEWEST_SDK := .newest-sdk
LOWEST := .lowest
OLDEST := .oldest-hosts
NEWEST := .newest
RELEASE := .release
SHIPPED := .release/shipped
SPARK := .spark
PRISM := .prism
SPEC_TOOLS := .spec-tools
SCHEDULERS := .schedulers
AIRFLOW := .airflow
PRISM_CLI := @stoplight/prism-cli@5.14.2
# TypeScript 5: what is generated is to compile for those who have no newer one, too.
SPEC_TOOLS_CLI := openapi-typescript@7.13.0 typescript@5.9.3 @redocly/cli@2.77.0 @stoplight/spectral-cli@6.16.3
AXE := .axe
AXE_CORE := axe-core@4.14.1
CLIENT := generated/dataarts_datamap_client
SPEC := spec/datamap.openapi.yaml

# The tools of this checkout alone: nothing of the caller's environment takes part.
export PATH := $(CURDIR)/$(BIN)$(PATH_SEPARATOR)$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV PYTEST_ADDOPTS PYTEST_PLUGINS RUFF_CONFIG MYPYPATH

# Of the environment's ENDPOINT nothing is known: only one that was typed behind the verb is meant.
ifneq ($(origin ENDPOINT),command line)
ENDPOINT :=
endif

# Nor of its BASE.
ifneq ($(origin BASE),command line)
BASE :=
endif

# Nor of its TAG.
ifneq ($(origin TAG),command line)
TAG :=
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
	@$(OFFICIAL)/$(SCRIPTS)/python -m pip install --quiet --constraint $< huaweicloudsdkdataartsstudio
	@touch $@

# Dagster, dbt and Prefect, beside the package as a user installs it.
$(SCHEDULERS)/.made: constraints.schedulers.txt pyproject.toml
	@echo "Setting up $(SCHEDULERS) ..." >&2
	@$(PYTHON) -m venv --clear $(SCHEDULERS)
	@$(SCHEDULERS)/$(SCRIPTS)/python -m pip install --quiet --constraint $< --editable '.[cli,duckdb]' dagster dbt-duckdb prefect
	@touch $@

.PHONY: schedulers
schedulers: $(VENV)/.dev $(SCHEDULERS)/.made ## Run the pages on Dagster, dbt and Prefect in an environment that has them
	@$(BIN)/python -m pytest -m schedulers

# Spark, as a host of the data source: in an environment of its own, since it is large and its cluster sets the versions.
$(SPARK)/.made: constraints.spark.txt constraints.txt pyproject.toml $(VENV)/.python
	@command -v java >/dev/null || { echo "Spark runs on Java, which is not on the PATH: install Java 17 or newer" >&2; exit 1; }
	@echo "Setting up $(SPARK) ..." >&2
	@$(PYTHON) -m venv --clear --without-pip $(SPARK)
	@$(BIN)/python -m pip --python $(SPARK) install --quiet --constraint constraints.spark.txt \
		--build-constraint constraints.txt --editable '.[spark,mock,duckdb]' hypothesis markdown-it-py mypy pytest
	@touch $@

# Prism, as a server for the conformance suite: no part of what is shipped. npm leaves no lock file, as one has addresses.
$(PRISM)/.made:
	@command -v npm >/dev/null || { echo "Prism is installed with npm, which is not on the PATH: install Node.js 20 or newer" >&2; exit 1; }
	@echo "Setting up $(PRISM) ..." >&2
	@mkdir -p $(PRISM)
	@npm install --prefix $(PRISM) --no-package-lock --no-save --ignore-scripts --no-audit --no-fund --loglevel error $(PRISM_CLI) >&2
	@touch $@

# Airflow, in which the provider is checked: no dependency, and too large for the environment of the tests.
$(AIRFLOW)/.made: constraints.airflow.txt pyproject.toml
	@echo "Setting up $(AIRFLOW) ..." >&2
	@$(PYTHON) -m venv --clear $(AIRFLOW)
	@$(AIRFLOW)/$(SCRIPTS)/python -m pip install --quiet --constraint $< --editable '.[airflow,arrow,mock]' \
		fsspec markdown-it-py pytest
	@$(AIRFLOW)/$(SCRIPTS)/python -m pip check
	@touch $@

.PHONY: airflow
airflow: $(VENV)/.dev $(AIRFLOW)/.made ## Check the Airflow provider in an Airflow of its own, with a scheduler and a triggerer
	@$(BIN)/mypy --python-executable $(AIRFLOW)/$(SCRIPTS)/python \
		wrapper/dataarts_datamap/integrations/airflow/*.py tests/airflow_provider/*.py
	@$(BIN)/basedpyright --project tests/airflow_provider/pyrightconfig.json \
		--pythonpath $(AIRFLOW)/$(SCRIPTS)/python
	@$(AIRFLOW)/$(SCRIPTS)/python -m pytest -c tests/airflow_provider/pytest.ini tests/airflow_provider

# What looks at pages as those do who cannot see, or have no mouse: no part of what is shipped, either.
$(AXE)/.made:
	@command -v npm >/dev/null || { echo "axe-core is installed with npm, which is not on the PATH: install Node.js 20 or newer" >&2; exit 1; }
	@mkdir -p $(AXE)
	@npm install --prefix $(AXE) --no-package-lock --no-save --ignore-scripts --no-audit --no-fund --loglevel error $(AXE_CORE) >&2
	@touch $@

.PHONY: prism
prism: $(PRISM)/.made ## Install Prism from npm, which the long proofs serve the specification with

# Other people's linters and generators of the specification. Redocly's would tell its makers of each use.
$(SPEC_TOOLS)/.made: Makefile
	@command -v npm >/dev/null || { echo "The linters are installed with npm, which is not on the PATH: install Node.js 20 or newer" >&2; exit 1; }
	@echo "Setting up $(SPEC_TOOLS) ..." >&2
	@mkdir -p $(SPEC_TOOLS)
	@npm install --prefix $(SPEC_TOOLS) --no-package-lock --no-save --ignore-scripts --no-audit --no-fund --loglevel error $(SPEC_TOOLS_CLI) >&2
	@touch $@

.PHONY: spec-tools
spec-tools: export REDOCLY_TELEMETRY := off
spec-tools: export REDOCLY_SUPPRESS_UPDATE_NOTICE := true
spec-tools: NODE_BIN := $(SPEC_TOOLS)/node_modules/.bin
spec-tools: $(SPEC_TOOLS)/.made ## Lint the specification with Redocly and Spectral, and compile what openapi-typescript makes of it
	@$(NODE_BIN)/redocly lint --config spec/redocly.yaml $(SPEC)
	@$(NODE_BIN)/spectral lint --ruleset spec/spectral.yaml --fail-severity hint $(SPEC)
	@$(NODE_BIN)/openapi-typescript $(SPEC) --output $(SPEC_TOOLS)/schema.ts
	@cp spec/usage.ts $(SPEC_TOOLS)/usage.ts
	@$(NODE_BIN)/tsc --strict --noEmit $(SPEC_TOOLS)/schema.ts $(SPEC_TOOLS)/usage.ts

.PHONY: prometheus
prometheus: ## Install Prometheus with apt-get if it is not there, which the long proofs run the alert rules with
	@command -v promtool >/dev/null || sudo apt-get install --yes --no-install-recommends prometheus >&2

.PHONY: setup
setup: $(VENV)/.dev ## Install everything a developer needs into .venv

.PHONY: demo
demo: $(VENV)/.runtime ## Run the main job against the embedded mock server
	@$(BIN)/python examples/which_runs.py

.PHONY: test
test: $(VENV)/.dev ## Run the whole test suite
	@$(BIN)/python -m pytest $(PARALLEL)

.PHONY: prove
prove: $(VENV)/.docs $(OFFICIAL)/.made $(PRISM)/.made $(AXE)/.made spec-tools ## Run the long proofs
	@$(BIN)/python -m pytest -m prove
	@$(BIN)/python -m pytest contract_tests --datamap-max-examples 1000

.PHONY: platforms
platforms: $(VENV)/.dev $(AIRFLOW)/.made $(SPARK)/.made ## Let Airflow, Spark and a check ask one service at once
	@$(BIN)/python -m pytest -m platforms tests/test_platforms.py

# The oldest hosts that are served. Airflow is held to what there was on its day, as by its own constraints; PySpark 4.0
# leaves sockets open.
$(OLDEST)/.made: pyproject.toml constraints.txt
	@command -v java >/dev/null || { echo "Spark runs on Java, which is not on the PATH: install Java 17 or newer" >&2; exit 1; }
	@echo "Setting up $(OLDEST) ..." >&2
	@rm -rf $(OLDEST)
	@for name in uv airflow spark; do $(PYTHON) -m venv $(OLDEST)/$$name || exit 1; done
	@$(OLDEST)/uv/$(SCRIPTS)/python -m pip install --quiet --constraint constraints.txt uv
	@echo 'apache-airflow==3.0.6' | $(OLDEST)/uv/$(SCRIPTS)/uv pip compile --quiet --no-header --no-annotate \
		--exclude-newer 2025-09-05 --python $(OLDEST)/airflow --output-file $(OLDEST)/airflow.txt -
	@$(OLDEST)/uv/$(SCRIPTS)/uv pip install --quiet --python $(OLDEST)/airflow --requirement $(OLDEST)/airflow.txt
	@$(OLDEST)/uv/$(SCRIPTS)/uv pip install --quiet --python $(OLDEST)/airflow \
		'apache-airflow==3.0.6' --editable '.[airflow,arrow,mock]' fsspec markdown-it-py pytest
	@$(OLDEST)/uv/$(SCRIPTS)/uv pip install --quiet --python $(OLDEST)/spark \
		'pyspark==4.0.0' --editable '.[spark,mock,duckdb]' hypothesis markdown-it-py pytest
	@for name in airflow spark; do $(OLDEST)/uv/$(SCRIPTS)/uv pip check --quiet --python $(OLDEST)/$$name || exit 1; done
	@touch $@

.PHONY: oldest-hosts
oldest-hosts: $(OLDEST)/.made ## Check the provider in Airflow 3.0 and the data source in Spark 4.0, the oldest that are served
	@$(OLDEST)/airflow/$(SCRIPTS)/python -m pytest -c tests/airflow_provider/pytest.ini tests/airflow_provider
	@$(OLDEST)/spark/$(SCRIPTS)/python -m pytest -W ignore::pytest.PytestUnraisableExceptionWarning tests/spark

.PHONY: extras
extras: $(VENV)/.dev ## Install the wheel with each extra into a fresh environment, at today's versions
	@$(BIN)/python -m pytest -m extras --durations=0 tests/test_extras.py

# The lowest version of each range, found by a resolver that can; the tools that test them are the newest that fit.
$(LOWEST)/.made: pyproject.toml constraints.txt
	@rm -rf $(LOWEST)
	@$(PYTHON) -m venv $(LOWEST)
	@$(LOWEST)/$(SCRIPTS)/python -m pip install --quiet --constraint constraints.txt pip uv
	@$(LOWEST)/$(SCRIPTS)/python -m uv pip compile --quiet --no-header --no-annotate --extra all \
		--resolution lowest-direct --output-file $(LOWEST)/constraints.txt pyproject.toml
	@$(LOWEST)/$(SCRIPTS)/python -m pip install --quiet --constraint $(LOWEST)/constraints.txt --editable '.[all]' --group test
	@touch $@

.PHONY: test-lowest
test-lowest: $(LOWEST)/.made ## Run the test suite with the lowest version of each dependency
	@$(LOWEST)/$(SCRIPTS)/python -m pytest $(PARALLEL)

.PHONY: test-newest
test-newest: ## Run the test suite with the newest version of each dependency, whatever the pins say
	@rm -rf $(NEWEST)
	@$(PYTHON) -m venv $(NEWEST)
	@$(NEWEST)/$(SCRIPTS)/python -m pip install --quiet --upgrade pip
	@$(NEWEST)/$(SCRIPTS)/python -m pip install --quiet --editable '.[all]' --group test
	@$(NEWEST)/$(SCRIPTS)/python -m pytest $(PARALLEL)

.PHONY: spark
spark: $(SPARK)/.made ## Run the tests of the Spark data source, on two cores and on a cluster of two workers
	@$(SPARK)/$(SCRIPTS)/python -m mypy wrapper/dataarts_datamap/integrations/spark.py wrapper/pyspark_datamap tests/spark
	@$(SPARK)/$(SCRIPTS)/python -m pytest tests/spark

.PHONY: contract
contract: $(VENV)/.dev ## Run the conformance tests (ENDPOINT=https://... for a server of your own)
	@$(BIN)/python -m pytest contract_tests $(if $(ENDPOINT),--datamap-endpoint '$(ENDPOINT)')

# $(call check_schema,NAME,FILES): holds files to one of the schemas that come with the tool.
check_schema = $(BIN)/check-jsonschema --quiet --builtin-schema vendor.$(1) $(2)

.PHONY: lint
lint: $(VENV)/.docs ## Check style, types, import layers and the specification
	@$(BIN)/ruff check --no-cache .
	@$(BIN)/ruff format --no-cache --check --quiet .
	@$(BIN)/python spec/check.py
	@$(BIN)/python spec/diff.py
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/zizmor --offline --quiet .github
	@$(call check_schema,github-workflows,.github/workflows/*.yml examples/github/*.yml)
	@$(call check_schema,github-actions,.github/actions/*/action.yml)
	@$(call check_schema,gitlab-ci,examples/gitlab/*.yml)
	@$(call check_schema,github-issue-forms,.github/ISSUE_TEMPLATE/[!c]*.yml)
	@$(call check_schema,github-issue-config,.github/ISSUE_TEMPLATE/config.yml)
	@$(call check_schema,dependabot,.github/dependabot.yml)
	@$(call check_schema,citation-file-format,CITATION.cff)
	@if command -v actionlint >/dev/null; then actionlint; fi
	@$(BIN)/mypy wrapper contract_tests/dataarts_datamap_contract examples spec tests benchmarks docs_build release
	@$(BIN)/basedpyright

.PHONY: spec-diff
spec-diff: $(VENV)/.dev ## Tell which changes of the specification break its users (BASE=older.yaml, else the last released)
	@$(BIN)/python spec/diff.py $(if $(BASE),'$(BASE)')

.PHONY: spec-sdk
spec-sdk: $(VENV)/.runtime ## Compare the newest official SDK with the specification, and write a pull request's text into build/
	@rm -rf $(NEWEST_SDK)
	@$(PYTHON) -m venv $(NEWEST_SDK)
	@$(NEWEST_SDK)/$(SCRIPTS)/python -m pip install --quiet $(OFFICIAL_SDK)
	@$(BIN)/python spec/sdk.py --python $(NEWEST_SDK)/$(SCRIPTS)/python --pin --output build/spec-sdk.md || code=$$?; \
	cat build/spec-sdk.md; exit $${code:-0}

.PHONY: mutants
mutants: $(VENV)/.dev ## Run the suite over the fleet of broken and correct servers, write contract_tests/MUTANTS.md
	@$(BIN)/python -m dataarts_datamap_contract.mutants --output contract_tests/MUTANTS.md

.PHONY: false-alarms
false-alarms: $(VENV)/.dev ## Run the suite on the mock with 20 seeds, and on each correct server with 5: none may fail
	@$(BIN)/python -m dataarts_datamap_contract.mutants --seeds 5 --mock-seeds 20

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
	@$(call bench_install,peers) '.[exporter]' $(OFFICIAL_SDK) orjson pyarrow
	@touch $@

.PHONY: bench
bench: $(BENCH)/.made build ## Compare with peers, and write benchmarks/RESULTS.md (ONLY=decode,request,... prints those lines)
	@for name in plain cli mock peers; do $(call bench_install,$$name) --no-deps --force-reinstall dist/*.whl || exit 1; done
	@$(BENCH)/peers/$(SCRIPTS)/python -m benchmarks --environments $(BENCH) --only '$(ONLY)'

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

.PHONY: translations
translations: $(VENV)/.dev ## Renew the blocks of the Chinese pages, and list those behind their English sisters (DONE=page)
	@$(BIN)/python -m docs_build.translations $(if $(DONE),--done $(DONE))

.PHONY: screenshots
screenshots: $(VENV)/.dev ## Rewrite docs/images with pictures of the pages, taken by the machine's Chromium
	@cd tests && PYTHONPATH=$(CURDIR) python -m support.report_screenshots

.PHONY: build
build: $(VENV)/.dev ## Build the wheel and the sdist into dist/
	@rm -rf dist && $(BIN)/python -m build --no-isolation --quiet >/dev/null

# The tools that look at what is to be released: in an environment of their own, since no test needs them.
$(RELEASE)/.made: pyproject.toml constraints.txt release/constraints.txt
	@echo "Setting up $(RELEASE) ..." >&2
	@$(PYTHON) -m venv --clear $(RELEASE)
	@$(RELEASE)/$(SCRIPTS)/python -m pip install --quiet --constraint constraints.txt pip
	@$(RELEASE)/$(SCRIPTS)/python -m pip install --quiet --constraint constraints.txt --constraint release/constraints.txt \
		--group release
	@touch $@

.PHONY: release-check
release-check: $(VENV)/.dev $(RELEASE)/.made ## Do all that a release does, short of publishing it (TAG=v1.2.3 must be its version's)
	@$(BIN)/python -m release check $(if $(TAG),'$(TAG)')
	@$(MAKE) build
	@$(RELEASE)/$(SCRIPTS)/twine check --strict dist/*
	@$(RELEASE)/$(SCRIPTS)/check-wheel-contents dist/*.whl
	@$(MAKE) try-wheel

.PHONY: try-wheel
try-wheel: ## Install the wheel of dist/ into a fresh environment, and run the main job with it
	@rm -rf build/wheel
	@$(PYTHON) -m venv build/wheel
	@build/wheel/$(SCRIPTS)/python -m pip install --quiet --constraint constraints.txt "$$(echo dist/*.whl)[cli,mock]"
	@cd build && wheel/$(SCRIPTS)/python ../examples/which_runs.py && wheel/$(SCRIPTS)/datamap --version

.PHONY: check-changelog
check-changelog: $(VENV)/.dev ## Fail if a branch has no fragment in changes/ (BASE=another branch than origin/main)
	@$(BIN)/towncrier check --compare-with $(if $(BASE),'$(BASE)',origin/main)

.PHONY: changelog
changelog: $(VENV)/.dev ## Move the fragments of changes/ into CHANGELOG.md, as the version of _version.py
	@$(BIN)/towncrier build --yes

.PHONY: release-notes
release-notes: $(VENV)/.runtime ## Print what changed in this version
	@$(BIN)/python -m release notes

# The wheel with all of its extras, as a user has it.
$(SHIPPED)/.made: pyproject.toml constraints.txt $(wildcard dist/*.whl)
	@$(PYTHON) -m venv --clear $(SHIPPED)
	@$(SHIPPED)/$(SCRIPTS)/python -m pip install --quiet --constraint constraints.txt "$$(echo dist/*.whl)[all]"
	@touch $@

.PHONY: sbom
sbom: $(RELEASE)/.made ## List what the wheel depends on, and its licences: build/sbom.cdx.json and build/licences.md
	@test -d dist || $(MAKE) build
	@$(MAKE) $(SHIPPED)/.made
	@mkdir -p build
	@$(RELEASE)/$(SCRIPTS)/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
		--output-file build/sbom.cdx.json $(SHIPPED)/$(SCRIPTS)/python
	@$(RELEASE)/$(SCRIPTS)/pip-licenses --python $(SHIPPED)/$(SCRIPTS)/python --ignore-packages pip dataarts-datamap \
		--from mixed --order license --with-urls --format markdown --output-file build/licences.md

.PHONY: audit
audit: $(RELEASE)/.made ## Look the wheel's dependencies up among the known vulnerabilities
	@test -d dist || $(MAKE) build
	@$(MAKE) $(SHIPPED)/.made
	@mkdir -p build
	@$(SHIPPED)/$(SCRIPTS)/python -m pip freeze --quiet --exclude dataarts-datamap > build/shipped.txt
	@$(RELEASE)/$(SCRIPTS)/pip-audit --strict --no-deps --disable-pip --progress-spinner off --requirement build/shipped.txt

.PHONY: clean
clean: ## Remove what the other verbs made
	@rm -rf $(VENV) $(OFFICIAL) $(NEWEST_SDK) $(LOWEST) $(NEWEST) $(RELEASE) $(PRISM) $(AXE) $(SPEC_TOOLS) $(SCHEDULERS) $(SPARK) $(AIRFLOW) $(OLDEST) $(BENCH) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis
