# Heron: `make demo` to look at it, `make run` for one's own mail, `make test` before a commit.
# Each target brings its own .venv up to date; nothing outside this folder is needed but Python >= 3.11.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Tuned for two cores; a third worker was slower (410 s against 348).
JOBS   ?= 2

.PHONY: demo run test check lint types layers pytest bench-list bench-send bench-render bench-sync bench-watch bench-ui bench-scale bench-beside test-safety screenshots words audit lock clean

demo: $(VENV)/.onebox
	@$(BIN)/python -m onebox demo

run: $(VENV)/.onebox
	@$(BIN)/python -m onebox run

# Everything a commit must pass.
test: check pytest

check: lint types layers

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	HERON_DEBUG=1 $(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports

pytest: $(VENV)/.dev
	@$(PYTHON) tests/system.py
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -q -rR -m "not safety"

# Every vector of the safety corpus in Chromium; `make test` runs a sample of it.
test-safety: $(VENV)/.dev
	@$(PYTHON) tests/system.py
	$(BIN)/python -m pytest -q -m safety

screenshots: $(VENV)/.dev
	@$(PYTHON) tests/system.py
	$(BIN)/python -m tests.browser.screenshots

bench-list: $(VENV)/.dev
	$(BIN)/python -m bench.listing

# A million messages take some minutes and 6 GB to make: --sizes and --users choose others.
bench-scale: $(VENV)/.dev
	$(BIN)/python -m bench.scale
	$(BIN)/python -m bench.pages
	$(BIN)/python -m bench.leaving

# Roundcube and notmuch beside it, where Debian's packages are installed.
bench-beside: $(VENV)/.dev
	$(BIN)/python -m bench.beside

bench-send: $(VENV)/.dev
	$(BIN)/python -m bench.send

bench-render: $(VENV)/.dev
	$(BIN)/python -m bench.render
	$(BIN)/python -m bench.opening

# Beside Roundcube, where it is installed: apt-get install roundcube-core roundcube-sqlite3 php-cli php-sqlite3.
bench-ui: $(VENV)/.dev
	@$(PYTHON) tests/system.py
	$(BIN)/python -m bench.ui

# Beside mbsync and notmuch, where they are installed: apt-get install isync notmuch.
bench-sync: $(VENV)/.dev
	@$(PYTHON) tests/system.py
	$(BIN)/python -m bench.sync
	$(BIN)/python -m bench.large

bench-watch: $(VENV)/.dev
	$(BIN)/python -m bench.watch

# Bring the catalogues of webmail/locale in step with the source; fails while something is not translated.
words: $(VENV)/.dev
	@$(BIN)/python -m translations

# Known holes in what is pinned, asked of the public advisories by a tool in an environment of its own. Offline it says
# that nothing was checked, and stops nobody.
audit:
	@$(PYTHON) tests/audit.py

# Pin all dependencies again from pyproject.toml; needs `uv` on the path. No address of any index is written.
lock:
	for set in ": " "onebox:--extra onebox" "dev:--extra dev"; do \
	  name=$${set%%:*}; extra=$${set#*:}; \
	  uv pip compile -q pyproject.toml $$extra --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header -o requirements$${name:+-$$name}.txt || exit 1; \
	done

clean:
	rm -rf $(VENV) .venv-audit .data static-collected .mypy_cache .ruff_cache .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Heron needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.12" % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.onebox: requirements-onebox.txt | $(VENV)/bin/python
	@echo "Installing Heron's packages into $(VENV) (once) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-onebox.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing Heron's packages and test tools into $(VENV) (once) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/.onebox
