# `make` alone lists the targets. Settings can be given on the line: `make run PORT=8001 WORKERS=2 MODEL=small`.
PYTHON ?= python3
VENV ?= .venv
NAME ?= base
PYTEST_ARGS ?=
COVERAGE_FLOOR ?= 90
TEST_PROCESSES ?= 3
SOAK_MINUTES ?= 10
SOAK_ARGS ?=
BIN := $(VENV)/bin
PYTEST = -m pytest -n $(TEST_PROCESSES) --dist loadscope --no-loadscope-reorder $(PYTEST_ARGS)
CODE := app utils benchmark research scripts tests main.py worker.py
export VENV

.DEFAULT_GOAL := help
.PHONY: help run dev lint format test coverage fetched faults fuzz soak model models bench page clean python-present env-run

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: env-run ## Start Redis, the API and WORKERS workers here (MODEL=…, PORT=…)
	@$(BIN)/python -m app.launcher

dev: python-present ## Make the development environment in .venv
	@$(PYTHON) scripts/environment.py dev

lint: dev ## Style, types, imports between packages, Dockerfiles
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile.api Dockerfile.worker .devcontainer/Dockerfile

format: dev ## Put the code into shape
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

test: fetched ## All tests, in TEST_PROCESSES (3) (PYTEST_ARGS=…)
	$(BIN)/python $(PYTEST)

coverage: fetched ## All tests, and how much of app/ they run; fails under COVERAGE_FLOOR (90) per cent; takes half as long again
	$(BIN)/coverage erase
	$(BIN)/coverage run $(PYTEST)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --fail-under=$(COVERAGE_FLOOR)

fetched: dev
	$(BIN)/python -m app.weights get base
	$(BIN)/python -m app.weights get speakers
	@$(BIN)/python -m scripts.browser
	@$(BIN)/python -m scripts.nginx
	@$(BIN)/python -m scripts.postgres
	@$(BIN)/python -m scripts.redis

faults: dev ## Kill real processes, each way FAULT_TRIES times (10)
	FAULT_TRIES=$${FAULT_TRIES:-10} $(BIN)/python -m pytest -m faults -s $(PYTEST_ARGS)

fuzz: dev ## Send FUZZ_COUNT (5000) mutated recordings through probe and decode
	$(BIN)/python -m tests.fuzz --count $${FUZZ_COUNT:-5000}

soak: dev ## Random kills under load for SOAK_MINUTES (10); SOAK_ARGS=--forgetful: Redis forgets, too
	$(BIN)/python -m tests.faults.soak --minutes $(SOAK_MINUTES) $(SOAK_ARGS)

page: dev ## Fetch the page's libraries, and draw every view into _data/screenshots
	$(BIN)/python scripts/vendor_web.py
	@$(BIN)/python -m scripts.browser
	$(BIN)/python -m tests.web.screenshots _data/screenshots

model: env-run ## Fetch the weights of a model (NAME=small)
	@$(BIN)/python -m app.weights get $(NAME)

models: env-run ## List the models, and which of them lie here
	@$(BIN)/python -m app.weights list

bench: dev ## Accuracy and speed of models on benchmark/audios
	@$(BIN)/python -m benchmark.run

clean: ## Remove the environment and all caches; recordings, weights, results and logs stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov
	find app utils benchmark research scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

env-run: python-present
	@$(PYTHON) scripts/environment.py run

python-present:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install python3 and run the same command again." >&2; exit 1; }
