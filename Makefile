# Stepwell: everything a checkout can do. `make` alone prints this list.
# Needs Python 3.11 or newer and make, nothing else.

UV_VERSION := 0.13.9
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.complete
# Several test processes at once, each with servers of its own, for which it often waits: three for
# two cores.
TOGETHER := -n $(shell expr $$(getconf _NPROCESSORS_ONLN) '*' 3 / 2) --maxprocesses 6 \
  --dist loadfile --no-loadscope-reorder
# What Python compiled once is kept, whatever the shell says: every process here starts faster.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up story down reset token test deployment node unit unit-intake unit-others \
  for-a-year faults in-browser runtime end-to-end check format bench mutants

help: ## Print this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/\1 \2/' \
	  | while read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

$(STAMP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Stepwell needs Python 3.11 or newer: name one, such as make up PYTHON=python3.12" >&2; \
	  exit 3; }
	@echo "Making the environment from the lock file (once) ..."
	@test -x $(BIN)/pip && test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
	  echo "Python could not make .venv: install its venv module (Debian: python3-venv)" >&2; \
	  exit 3; }
	@test -x $(BIN)/uv || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) || { \
	  echo "uv could not be fetched: check the network and run the command again" >&2; exit 3; }
	@UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv \
	  $(BIN)/uv sync --frozen --all-extras --compile-bytecode --quiet || { \
	  echo "The packages could not be installed: check the network and run the command again" >&2; \
	  exit 3; }
	@$(BIN)/python -m compileall -q -j 0 portal services shared stepwell
	@touch $(STAMP)

up: $(STAMP) ## Start everything, tell the story, run until Ctrl-C
	@exec $(BIN)/stepwell up

story: $(STAMP) ## Tell the story again with other clients, against the running system
	@exec $(BIN)/stepwell story

down: $(STAMP) ## Stop what runs here; data stays
	@exec $(BIN)/stepwell down

reset: $(STAMP) ## Stop what runs here and delete its data
	@exec $(BIN)/stepwell reset

token: $(STAMP) ## Print an access token: make token ROLE=counselor SITES='*'
	@exec $(BIN)/stepwell token --role "$(or $(ROLE),regional_operations)" --sites "$(or $(SITES),*)"

test: unit ## Run all tests, the unit tests first
	@$(BIN)/pytest tests/integration tests/contracts $(TOGETHER)
	@$(MAKE) --no-print-directory -j 2 for-a-year faults in-browser runtime end-to-end

deployment: $(STAMP) ## Build the images and run whole installations (slow; Debian, root)
	@$(BIN)/pytest tests/deployment -rs

node: $(STAMP) ## Run the pods of deploy/k8s on a node made of real parts (slow; Debian, root, Go)
	@$(BIN)/pytest tests/node -rs

unit: $(STAMP) ## Run the unit tests, which need no server
	@$(MAKE) --no-print-directory -j 2 unit-intake unit-others

unit-intake: TESTS := tests/unit/intake
unit-others: TESTS := tests/unit --ignore tests/unit/intake
for-a-year: TESTS := tests/year
faults: TESTS := tests/faults
in-browser: TESTS := tests/portal
runtime: TESTS := tests/runtime
end-to-end: TESTS := tests/end_to_end
unit-intake unit-others for-a-year faults in-browser runtime end-to-end: # Each told when it is done.
	@told=$$($(BIN)/pytest $(TESTS) 2>&1); ended=$$?; printf '%s\n' "$$told"; exit $$ended

check: $(STAMP) ## Check format, lint, types, import rules and migrations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy portal services shared stepwell
	@$(BIN)/lint-imports
	@$(BIN)/squawk shared/database/migrations/*.sql services/*/migrations/*.sql

format: $(STAMP) ## Bring the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(STAMP) ## Measure against floors taken in the same run
	@exec $(BIN)/python -m benchmarks

mutants: $(STAMP) ## Change the rules on purpose and see whether the tests notice
	@exec $(BIN)/python -m tests.mutants
