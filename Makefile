# Every target sets up what it needs. A second run of any of them installs nothing.
PY ?= python3
V := .venv
BIN := $(V)/bin
RUNTIME := $(V)/.runtime-$(shell cat bootstrap.lock requirements.lock pyproject.toml | cksum | cut -d' ' -f1)
DEV := $(V)/.dev-$(shell cat bootstrap.lock requirements-dev.lock pyproject.toml | cksum | cut -d' ' -f1)
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help eval test lint types contracts unit check bench validity lock clean

help: ## show this
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# install LOCK: hash-pinned, with uv where it can reach the packages and pip where it can't, then this package
define install
	@test -x $(BIN)/python || { $(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) or sys.version_info >= (3, 14))' \
	  || { echo "Python 3.11 to 3.13 is needed; name one with make PY=python3.12"; exit 4; }; $(PY) -m venv $(V); }
	@test -x $(BIN)/uv || $(BIN)/pip install -q --disable-pip-version-check --require-hashes -r bootstrap.lock || true
	@echo "installing $(1) …"
	@$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes --no-deps -r $(1) 2>$(V)/uv.log \
	  || $(BIN)/pip install -q --disable-pip-version-check --require-hashes --no-deps -r $(1)
	@$(BIN)/python -c 'import harness' 2>/dev/null && test -x $(BIN)/harness \
	  || $(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@rm -f $(basename $@)-*; touch $@
endef

$(RUNTIME): bootstrap.lock requirements.lock pyproject.toml
	$(call install,requirements.lock)
$(DEV): $(RUNTIME) requirements-dev.lock
	$(call install,requirements-dev.lock)

eval: $(RUNTIME) ## score the triage agent on the test tickets, offline
	@$(BIN)/harness eval eval_sets/triage/suite.yaml

check: $(RUNTIME) ## check the shipped data
	@$(BIN)/harness check eval_sets/*/suite.yaml

test: lint types contracts unit check ## lint, types, import contracts, tests, data

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

contracts: $(DEV)
	$(BIN)/lint-imports --no-logo

unit: $(DEV)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --cov --cov-report=term --cov-fail-under=95

bench: $(DEV) ## time what the README promises, and print it with the machine
	$(BIN)/python -m tests.benchmarks

validity: $(DEV) ## simulate whether intervals cover and tests err as promised
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.validity

lock: ## resolve the locks anew (needs uv)
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --no-annotate --universal --python-version 3.11 \
	  pyproject.toml --group build -o requirements.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --no-annotate --universal --python-version 3.11 \
	  -c requirements.lock pyproject.toml --group build --extra dev -o requirements-dev.lock

clean: ## remove the environment, caches and indexes; runs stay
	rm -rf $(V) .harness .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*
