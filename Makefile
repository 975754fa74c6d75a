PYTHON ?= python3
# Meltano and its plugins may need an earlier one: the release of duckdb that meltano.yml pins has no wheels for 3.14.
MELTANO_PYTHON ?= $(PYTHON)
# PyAirbyte needs one before 3.13.
AIRBYTE_PYTHON ?= $(PYTHON)
PACKAGES = schemas osdi-crm-client tap-osdi-crm target-osdi-crm osdi-crm-sandbox
BIN = .venv/bin

MELTANO = "meltano==4.4.1"

# uv believes the machine's own certificates, as pip does: behind many an office's proxy nothing else is believed.
export UV_SYSTEM_CERTS = 1

.PHONY: setup meltano demo test pairs whole conformance suites airbyte fuzz chaos sdk-next lint settings bench clean

setup: .venv/.ready

meltano: .meltano/.ready

.venv/.ready: pyproject.toml constraints.txt $(PACKAGES:%=%/pyproject.toml)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.11,<1"
	$(BIN)/uv pip install --python $(BIN)/python --constraints constraints.txt --group dev $(PACKAGES:%=-e ./%)
	touch $@

.meltano-venv/.ready: .venv/.ready
	test -x .meltano-venv/bin/python || $(MELTANO_PYTHON) -m venv .meltano-venv
	$(BIN)/uv pip install --python .meltano-venv/bin/python $(MELTANO)
	touch $@

.meltano/.ready: .meltano-venv/.ready meltano.yml $(PACKAGES:%=%/pyproject.toml)
	.meltano-venv/bin/meltano install > /dev/null 2>&1 || .meltano-venv/bin/meltano install
	touch $@

# One vendor in two minutes; VENDOR=nationbuilder shows another, VENDOR=all all of them, with Meltano and DuckDB.
demo: setup $(if $(filter all,$(VENDOR)),.meltano/.ready)
	$(BIN)/python -m $(if $(filter all,$(VENDOR)),demo.every_vendor,demo.first_minute $(VENDOR))

settings: setup
	$(BIN)/python hub/generate.py
	$(BIN)/python -m hub.coverage
	$(BIN)/python -m hub.facts

test: setup .meltano/.ready
	$(BIN)/pytest -n 6 -m "not chaos and not pairs and not whole and not conformance and not suites and not airbyte"

# Every CRM into every other one; prints the table of docs/crm-to-crm.md.
pairs: setup
	$(BIN)/pytest tests/pairs -s -q

# The whole account of the sandbox, every vendor, into an empty one.
whole: setup
	$(BIN)/pytest -m whole

# Whatever an account may have otherwise than assumed, found by osdi-crm-conformance and corrected by what it suggests.
conformance: setup
	$(BIN)/pytest -m conformance -n 2

# The SDK's own suites of tests, taps and targets, for every vendor; each stream that can be written is.
suites: setup
	$(BIN)/pytest tests/suites

.airbyte-venv/.ready: .venv/.ready
	test -x .airbyte-venv/bin/python || $(AIRBYTE_PYTHON) -m venv .airbyte-venv
	$(BIN)/uv pip install --python .airbyte-venv/bin/python "airbyte==0.71.3"
	touch $@

# The Airbyte connectors at length, and PyAirbyte, which has an environment of its own, against the sandbox.
airbyte: setup .airbyte-venv/.ready
	$(BIN)/pytest -n 2 -m airbyte --timeout 1800

# RECORDS for every stream of every vendor, others each time; answers changed, and calls failed, in SEEDS ways for every vendor, in tap and
# target; `make test` tries a few, the same each time.
fuzz: setup
	FUZZ=$(or $(RECORDS),1000) FUZZ_SEEDS=$(or $(SEEDS),15) $(BIN)/pytest -n 3 -rP --timeout 7200 tests/fuzz tests/target/test_target_fuzz.py

chaos: setup
	$(BIN)/pytest -m chaos --timeout 3600

# The next release of the SDK, which the packages do not allow yet; afterwards `make setup` goes back to the pinned one.
sdk-next: setup
	rm -f .venv/.ready
	$(BIN)/uv pip install --quiet --python $(BIN)/python --prerelease allow --upgrade-package singer-sdk "singer-sdk[msgspec,testing]"
	$(BIN)/pytest -n 3 -m "not chaos and not conformance and not airbyte" tests/client tests/tap tests/target

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PACKAGES) tests benchmarks demo hub
	$(BIN)/lint-imports

bench: setup
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirements benchmarks/requirements.txt
	$(BIN)/python -m benchmarks.bench --only "$(ONLY)" --scale "$(or $(SCALE),1)"

clean:
	rm -rf .venv .airbyte-venv .meltano .meltano-venv .osdi-crm output
