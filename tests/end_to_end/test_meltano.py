"""The project as Meltano runs it: settings, pipelines, and that every row arrives in the warehouse."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock
from osdi_crm_sandbox.control import Account, Sandbox

from tests import commands

ROOT = Path(__file__).parent.parent.parent
MELTANO = ROOT / ".meltano-venv" / "bin" / "meltano"
DUCKDB = ROOT / ".meltano" / "loaders" / "target-duckdb" / "venv" / "bin" / "python"


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network", size=60)


@pytest.fixture
def meltano(tmp_path: Path, account: Account) -> Iterator[Any]:
    """Meltano in this project, pointed to an account of the sandbox, with state and warehouse of the test's own."""
    pointing = {
        "TAP_ACTION_NETWORK_ACTION_NETWORK_API_URL": account.url,
        "TAP_ACTION_NETWORK_ACTION_NETWORK_API_TOKEN": account.key,
        "TAP_ACTION_NETWORK_CALLS_PER_SECOND": "0",
        "TAP_ACTION_NETWORK_INDEX_LAG_SECONDS": "0",
        "TARGET_DUCKDB_PATH": str(tmp_path / "warehouse.duckdb"),
        "TARGET_DUCKDB_BATCH_SIZE_ROWS": "7",
        "MELTANO_STATE_BACKEND_URI": f"file://{tmp_path}/state",
    }

    def run(*args: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **pointing, **more}
        return commands.run([MELTANO, *args], cwd=ROOT, env=environment)

    with FileLock(ROOT / ".meltano" / "tests.lock"):  # two runs of one plugin at a time overwrite each other's files
        yield run


def rows(warehouse: Path, stream: str) -> tuple[int, int]:
    """Rows of a stream in the warehouse, and how many keys they have."""
    query = f"SELECT count(*), count(DISTINCT id) FROM tap_action_network.{stream}"
    code = f"import duckdb, json; print(json.dumps(duckdb.connect({str(warehouse)!r}).execute({query!r}).fetchone()))"
    done = commands.run([DUCKDB, "-c", code], check=True)
    total, distinct = json.loads(done.stdout)
    return total, distinct


def test_the_settings_are_valid(meltano: Any) -> None:
    done = meltano("config", "test", "tap-action-network")

    assert done.returncode == 0, done.stderr
    assert "valid" in done.stdout + done.stderr


def test_a_wrong_key_fails_the_test_of_the_settings(meltano: Any) -> None:
    done = meltano("config", "test", "tap-action-network", TAP_ACTION_NETWORK_ACTION_NETWORK_API_TOKEN="wrong-key-1")

    assert done.returncode == 1
    assert "wrong-key-1" not in done.stdout + done.stderr


@pytest.mark.timeout(240)
def test_every_row_arrives_once_and_a_second_run_moves_what_changed(
    meltano: Any, account: Account, tmp_path: Path
) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    first = meltano("run", "action-network-to-warehouse")
    assert first.returncode == 0, first.stdout + first.stderr
    resources = account.counters()["resources"]
    for stream in ("people", "petitions", "signatures", "attendances", "donations", "tags", "taggings", "events"):
        assert rows(warehouse, stream) == (resources[stream], resources[stream]), stream

    account.insert("people", [{"email_addresses": [{"address": "new@example.org"}]}])
    second = meltano("run", "action-network-to-warehouse")

    assert second.returncode == 0, second.stdout + second.stderr
    assert rows(warehouse, "people") == (61, 61)


def test_what_is_generated_is_up_to_date() -> None:
    done = commands.run([ROOT / ".venv" / "bin" / "python", ROOT / "hub" / "generate.py", "--check"])

    assert done.returncode == 0, done.stderr


def test_every_vendor_has_its_plugins() -> None:
    declared = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]
    names = {plugin["name"] for role in declared.values() for plugin in role}
    for role, part in (("tap", "tap_osdi_crm"), ("target", "target_osdi_crm")):
        folder = ROOT / f"{role}-osdi-crm" / part / "vendors"
        vendors = {file.stem for file in folder.glob("*.py")} - {"__init__"}
        assert {f"{role}-{vendor.replace('_', '-')}" for vendor in vendors} <= names


def test_one_version_and_siblings_pinned_to_it() -> None:
    projects = [tomllib.loads(file.read_text())["project"] for file in ROOT.glob("*/pyproject.toml")]
    names = {project["name"] for project in projects}
    versions = {project["version"] for project in projects}
    pins = {pin for project in projects for pin in project["dependencies"] if pin.split("=")[0].split(">")[0] in names}

    assert len(projects) == 5
    assert len(versions) == 1
    assert pins
    assert all(pin.endswith(f"=={versions.copy().pop()}") for pin in pins)


def test_no_part_misses_its_licence() -> None:
    licence = (ROOT / "LICENSE").read_text()
    for file in ROOT.glob("*/pyproject.toml"):
        assert (file.parent / "LICENSE").read_text() == licence
