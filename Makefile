PYTHON ?= python3
PACKAGES = schemas osdi-crm-client tap-osdi-crm target-osdi-crm osdi-crm-sandbox
BIN = .venv/bin

.PHONY: setup test lint clean

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt $(PACKAGES:%=%/pyproject.toml)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet "uv>=0.11,<1"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraints constraints.txt --group dev $(PACKAGES:%=-e ./%)
	touch $@

test: setup
	$(BIN)/pytest -n 2 -m "not chaos"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PACKAGES) tests benchmarks
	$(BIN)/lint-imports

clean:
	rm -rf .venv .meltano .meltano-venv .osdi-crm output
