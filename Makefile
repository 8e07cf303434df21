# The newcomer's two commands are `make demo` and `make test`.
PYTHON ?= python3
SHELL := bash
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo serve test soak browser check bench bench-full bench-peers bench-quality lock docs clean

demo: $(READY)
	@$(BIN)/perdura demo

# The API and the desk page on the demo's table, which is made where there is none.
serve: $(READY)
	@test -e "$${PERDURA_HOME:-.}/data/risk.db" || $(BIN)/perdura demo
	@$(BIN)/perdura serve --with-token

# Each test's processes start from the byte code of the first one, also where the environment writes none.
test soak: export PYTHONDONTWRITEBYTECODE =
test: check browser
	@$(BIN)/pytest -m "not soak" -n 3 --dist loadfile --no-loadscope-reorder

# What takes long: trainings, schedules over nights, kills, full disks, several machines. CI runs both.
soak: browser
	@$(BIN)/pytest -m soak -n 3 --dist loadfile --no-loadscope-reorder

# The pages are tested in a real Chromium, the risk table through a real PgBouncer, queries in a real
# MariaDB, the schedule on other dates: what is missing for that is installed here.
browser: $(READY)
	@$(BIN)/python -m tests.debian.browser
	@$(BIN)/python -m tests.debian.pgbouncer
	@$(BIN)/python -m tests.debian.mariadb
	@$(BIN)/python -m tests.debian.faked_clock

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports --no-logo

docs: $(READY)
	@$(BIN)/python -m perdura.features.catalogue
	@$(BIN)/python -m perdura.sources.reference.mapping_page
	@$(BIN)/python docs/draw.py

# Small sizes, about ten minutes; bench-full takes hours and goes on where it was stopped.
bench: bench-peers
	@$(BIN)/python -m benchmarks small --again

bench-full: bench-peers
	@$(BIN)/python -m benchmarks full

# The model beside what a user would fit instead, about ten minutes.
bench-quality: .venv-quality/.ready
	@$(BIN)/python -m benchmarks.quality --again

# The tools that Perdura is compared with, in environments of their own; some need older libraries.
bench-peers: .venv-peers/.ready .venv-older/.ready

.venv-peers/.ready: benchmarks/requirements.txt
.venv-older/.ready: benchmarks/requirements-older.txt
.venv-quality/.ready: benchmarks/requirements-quality.txt
.venv-peers/.ready .venv-older/.ready .venv-quality/.ready: $(READY)
	@echo "Setting up $(@D) (once) ..."
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check \
	    -r $(filter %.txt,$^)
	@touch $@

# Everything comes from the lock, each file checked against its hash.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Perdura needs Python 3.11 or newer; set PYTHON=..." if sys.version_info < (3, 11) else 0)'
	@echo "Setting up .venv (once, about two minutes) ..."
	@$(PYTHON) -m venv $(VENV)
	@set -o pipefail; $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off \
	    --require-hashes -r requirements.lock 2>$(VENV)/pip.log \
	  | awk '/^Collecting/ { printf "\r  %d packages found", ++n; fflush() } \
	         /^Installing/ { printf ", installing ..."; fflush() } END { print "" }' \
	  || { cat $(VENV)/pip.log; exit 1; }
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo "Compiling loops (once) ..."
	@$(BIN)/python -m perdura.features.ready
	@touch $(READY)

# The lock names no registry: whichever one pip is set up with serves it.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --group dev --all-extras --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .venv-peers .venv-older .venv-quality data perdura.toml
	find mlruns -mindepth 1 ! -name README.md -delete
