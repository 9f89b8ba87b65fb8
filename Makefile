# Stepwell: everything a checkout can do. `make` alone prints this list.
# Needs Python 3.11 or newer and make, nothing else.

UV_VERSION := 0.9.10
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.stepwell-stamp

.DEFAULT_GOAL := help
.PHONY: help up story down reset token test check bench format

help: ## Print this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

$(STAMP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Stepwell needs Python 3.11 or newer: set PYTHON, such as 'make up PYTHON=python3.12'." >&2; exit 3; }
	@test -x .venv/.uv/bin/uv || { echo "Making the environment (once) …"; \
	  test -x .venv/bin/python || $(PYTHON) -m venv --without-pip .venv || exit 3; \
	  $(PYTHON) -m venv .venv/.uv && .venv/.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) || { \
	  echo "The environment could not be made: check the network, then run the command again." >&2; exit 3; }; }
	@.venv/.uv/bin/uv sync --frozen --all-extras --quiet --python .venv/bin/python || { \
	  echo "The packages could not be installed: check the network, then run the command again." >&2; exit 3; }
	@touch $(STAMP)

up: $(STAMP) ## Start everything, tell the story, run until Ctrl-C
	@exec $(BIN)/stepwell up

story: $(STAMP) ## Tell the story again with other clients, against the running system
	@exec $(BIN)/stepwell story

down: $(STAMP) ## Stop what runs here
	@exec $(BIN)/stepwell down

reset: $(STAMP) ## Stop and delete all data
	@exec $(BIN)/stepwell reset

token: $(STAMP) ## Print an access token (ROLE=counselor SITES='*')
	@exec $(BIN)/stepwell token --role "$(or $(ROLE),regional_operations)" --sites "$(or $(SITES),*)"

test: $(STAMP) ## Run all tests against the real PostgreSQL and Kafka
	@exec $(BIN)/pytest tests/unit tests

check: $(STAMP) ## Lint, types, import rules, migrations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy services shared stepwell
	@$(BIN)/lint-imports
	@$(BIN)/squawk --config squawk.toml services/*/migrations/*.sql shared/database/migrations/*.sql

format: $(STAMP) ## Put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(STAMP) ## Measure against floors taken in the same run
	@exec $(BIN)/python -m benchmarks
