# Sentinel. `make run` and `make test` need Python 3.11 or later, and nothing else that is not made here.

PYTHON ?= $(firstword $(foreach python,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(python) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(python))))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-compile
TEST_DATA := $(VENV)/check-data
PRODUCTION := SENTINEL_DATA_DIR=$(TEST_DATA) SENTINEL_BASE_URL=https://sentinel.example.org SENTINEL_DEADMAN_URL=https://deadman.example.org/ping

.DEFAULT_GOAL := help
.PHONY: help run test tests test-interop check lint style types deploy audit collect bench docs screenshots lock clean

help:
	@echo "make run    start everything; options: make run ARGS='--port 8001 --demo'"
	@echo "make test   everything a change must pass, in a browser too when Chromium is on the machine"
	@echo "make check  the quick part of it: style, types, and the way of an alert"
	@echo "make bench  measure, beside other software"
	@echo "make docs   build the manual into $(VENV)/manual (open index.html)"
	@echo "make screenshots  take the manual's pictures anew, from the demo; needs Chromium"
	@echo "make lock   resolve requirements*.in again"
	@echo "make clean  remove what was built (never ./var, where the data is)"

run: $(VENV)/run.stamp
	@exec $(BIN)/python manage.py up $(ARGS)

# Types and known vulnerabilities are looked for beside the tests, many of which wait; what was found counts, and is said at the end.
test: $(VENV)/dev.stamp
	@$(MAKE) --no-print-directory -j 2 types audit >$(VENV)/aside.log 2>&1 & aside=$$!; \
		trap 'kill $$aside' INT TERM; $(MAKE) --no-print-directory -j 3 style deploy collect && $(MAKE) --no-print-directory tests; tests=$$?; \
		wait $$aside; aside=$$?; cat $(VENV)/aside.log; [ $$tests = 0 ] && exit $$aside; exit $$tests

tests:
	@chromium=$$(command -v chromium || command -v chromium-browser || command -v google-chrome) \
		&& echo "Chromium: $$chromium" || echo "Chromium: not on this machine, so the tests in a browser are left out"
	$(BIN)/python -m pytest -n 4 --dist worksteal $(ARGS)

# Other people's programs for tests/interop, on Debian as root; without them those tests are skipped and say so.
test-interop: $(VENV)/dev.stamp
	apt-get install -qq -y --no-install-recommends prometheus prometheus-alertmanager
	$(BIN)/python -m pytest tests/interop $(ARGS)

check: $(VENV)/dev.stamp lint
	$(BIN)/python -m pytest -q -n 2 -m "core and not slow" $(ARGS)

lint: style types

style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	SENTINEL_DATA_DIR=$(TEST_DATA) $(BIN)/mypy

deploy:
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

audit:
	@.ci/audit $(BIN)/pip-audit

# Beside mypy, which leaves a processor free: the tests' modules are compiled once, and not by every process of the run.
collect:
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null || echo "The tests could not be collected: their run says why"

bench: $(VENV)/dev.stamp
	$(BIN)/python -m bench $(ARGS)

docs: $(VENV)/dev.stamp
	NO_MKDOCS_2_WARNING=1 SENTINEL_DATA_DIR=$(TEST_DATA) $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Open $(VENV)/manual/index.html"

screenshots: $(VENV)/dev.stamp
	$(BIN)/python docs/screenshots.py $(ARGS)

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv (pip install uv)" >&2; exit 1; }
	uv pip compile $(LOCK) requirements.in -o requirements.txt
	uv pip compile $(LOCK) requirements-dev.in -o requirements-dev.txt
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# Another user's environment may be out of reach: nothing is made anew or removed in it.
OURS := test ! -e $(VENV) || test -w $(VENV) || { echo "$(VENV) belongs to $$(stat -c %U $(VENV)): run make as that user, or in a clone of your own" >&2; exit 1; }

$(BIN)/python:
	@$(OURS)
	@command -v "$(PYTHON)" >/dev/null || { echo "Sentinel needs Python 3.11 or later; set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is too old: Sentinel needs Python 3.11 or later" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null || { rm -rf $(VENV); echo "$(PYTHON) cannot make a venv: install its venv package (Debian: python3-venv)" >&2; exit 1; }

# Modules are compiled on all processors, which pip does on one. Some that packages bring are templates, and cannot be.
$(VENV)/run.stamp: requirements.txt | $(BIN)/python
	@$(OURS)
	@echo "Installing what Sentinel needs into $(VENV) (some minutes the first time) ..."
	@$(PIP) -r requirements.txt
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
	@touch $@

# Of these modules most are never loaded, and the others are compiled when they are.
$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "Installing what the tests need into $(VENV) ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@
