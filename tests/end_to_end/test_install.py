"""What people install: wheels and sdists of all parts, each plugin alone in an empty environment, elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from osdi_crm_sandbox.control import Sandbox

from tests import commands

ROOT = Path(__file__).parent.parent.parent
UV = Path(sys.executable).parent / "uv"
PARTS = {"osdi_crm_schemas", "osdi_crm_client", "tap_osdi_crm", "target_osdi_crm", "osdi_crm_sandbox"}
SCHEMAS = {
    f"osdi_crm_schemas/{file.parent.name}/{file.name}" for file in ROOT.glob("schemas/osdi_crm_schemas/*/*.json")
}

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in set(sys.argv[1:]) - {"airbyte"}:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if "airbyte" not in module.name or "airbyte" in sys.argv:
            importlib.import_module(module.name)
"""


def uv(*args: object, cwd: Path) -> None:
    """Run uv on what `make setup` left in its cache; on a machine that keeps no cache, with the package index."""
    for offline in (["--offline"], []):
        done = commands.run([UV, *map(str, args), *offline], cwd=cwd)
        if not done.returncode:
            return
    pytest.fail(done.stderr)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all wheels and sdists; the wheels are built from the sdists, so nothing but those is needed."""
    mine = tmp_path_factory.getbasetemp()
    shared = (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / "dist"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            uv("build", "--all-packages", "--quiet", "--out-dir", shared, ROOT, cwd=mine)
    return shared


def install(plugin: str, built: Path, folder: Path) -> Path:
    """An empty environment with a plugin and what it declares; returns its folder of commands."""
    uv("venv", "--quiet", "--allow-existing", "--python", sys.executable, folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    known = ("--find-links", built, "--constraints", ROOT / "constraints.txt")
    uv("pip", "install", "--quiet", "--python", python, *known, plugin, cwd=folder)
    return python.parent


def alone(folder: Path, *command: object, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run a command that finds nothing of this folder, neither by path nor by environment."""
    environment = {"PATH": os.defpath, "HOME": str(folder)}
    return commands.run([*map(str, command)], cwd=folder, env=environment, **how)


def selected(catalog: dict[str, Any], *streams: str) -> dict[str, Any]:
    for entry in catalog["streams"]:
        for each in entry["metadata"]:
            if not each["breadcrumb"]:
                each["metadata"]["selected"] = entry["tap_stream_id"] in streams
    return catalog


def test_wheels_and_sdists_carry_code_schemas_types_and_licences(built: Path) -> None:
    wheels, sdists = list(built.glob("*.whl")), list(built.glob("*.tar.gz"))
    assert {wheel.name.split("-")[0] for wheel in wheels} == PARTS
    assert {sdist.name.split("-")[0] for sdist in sdists} == PARTS
    for wheel in wheels:
        held = set(zipfile.ZipFile(wheel).namelist())
        part = wheel.name.split("-")[0]
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in held), wheel.name
        assert f"{part}/py.typed" in held
        assert {name.split("/")[0] for name in held if ".dist-info/" not in name} == {part}
        if part == "osdi_crm_schemas":
            assert held >= SCHEMAS
    for sdist in sdists:
        with tarfile.open(sdist) as archive:
            held = {name.split("/", 1)[1] for name in archive.getnames()}
        assert {"LICENSE", "README.md", "pyproject.toml"} <= held, sdist.name
        if sdist.name.startswith("osdi_crm_schemas"):
            assert held >= SCHEMAS


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no clone, to install from")
def test_the_commands_of_the_readme_install_from_git(tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Install\n")[2].partition("\n## ")[0]
    (first, second) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    uv("venv", "--quiet", "--python", sys.executable, tmp_path / "venv", cwd=tmp_path)
    address = re.sub(r"^REPO=.*$", f"REPO=git+file://{ROOT}", first, flags=re.MULTILINE)
    script = f"{address}{second}".replace("pip install", '"$UV" pip install').replace("uv tool", '"$UV" tool')
    environment = {
        "VIRTUAL_ENV": str(tmp_path / "venv"),
        "UV": str(UV),
        "UV_CONSTRAINT": str(ROOT / "constraints.txt"),
        "UV_TOOL_DIR": str(tmp_path / "tools"),
        "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
    }

    done = commands.run(["bash", "-ec", script], cwd=tmp_path, env=os.environ | environment)

    assert done.returncode == 0, done.stderr
    for command in ("venv/bin/tap-osdi-crm", "venv/bin/target-osdi-crm", "bin/tap-osdi-crm"):
        assert alone(tmp_path, tmp_path / command, "--version").stdout.startswith(Path(command).name)


def test_the_tap_alone_tells_discovers_and_reads(built: Path, sandbox: Sandbox, tap: Any, tmp_path: Path) -> None:
    account = sandbox.account("action_network", size=30)
    commands = install("tap-osdi-crm", built, tmp_path)
    imported = alone(tmp_path, commands / "python", "-W", "error", "-c", IMPORT_ALL, "osdi_crm_client", "tap_osdi_crm")
    assert imported.returncode == 0, imported.stderr

    about = json.loads(alone(tmp_path, commands / "tap-osdi-crm", "--about", "--format=json").stdout)
    assert about["name"] == "tap-osdi-crm"
    assert "action_network_api_token" in about["settings"]["properties"]

    config = tap.file("config.json", tap.settings(account))
    discovered = alone(tmp_path, commands / "tap-osdi-crm", "--config", config, "--discover")
    assert discovered.returncode == 0, discovered.stderr
    catalog = json.loads(discovered.stdout)
    streams = {file.split("/")[2].removesuffix(".json") for file in SCHEMAS if file.split("/")[1] == account.vendor}
    assert {entry["tap_stream_id"] for entry in catalog["streams"]} <= streams

    catalog_file = tap.file("catalog.json", selected(catalog, "people", "tags"))
    read = alone(tmp_path, commands / "tap-osdi-crm", "--config", config, "--catalog", catalog_file)
    assert read.returncode == 0, read.stderr
    messages = [json.loads(line) for line in read.stdout.splitlines()]
    keys = {m["record"]["id"] for m in messages if m["type"] == "RECORD" and m["stream"] == "people"}
    assert len(keys) == account.counters()["resources"]["people"]

    without = alone(tmp_path, commands / "source-osdi-crm", "spec")
    assert without.returncode == 1
    assert "pip install 'tap-osdi-crm[airbyte]'" in without.stderr
    install("tap-osdi-crm[airbyte]", built, tmp_path)
    imported = alone(tmp_path, commands / "python", "-c", IMPORT_ALL, "airbyte", "osdi_crm_client", "tap_osdi_crm")
    assert imported.returncode == 0, imported.stderr
    assert json.loads(alone(tmp_path, commands / "source-osdi-crm", "spec").stdout)["type"] == "SPEC"


def test_the_target_alone_tells_and_writes(built: Path, sandbox: Sandbox, tap: Any, tmp_path: Path) -> None:
    account = sandbox.account("action_network")
    commands = install("target-osdi-crm", built, tmp_path)
    imported = alone(
        tmp_path, commands / "python", "-W", "error", "-c", IMPORT_ALL, "osdi_crm_client", "target_osdi_crm"
    )
    assert imported.returncode == 0, imported.stderr

    about = json.loads(alone(tmp_path, commands / "target-osdi-crm", "--about", "--format=json").stdout)
    assert about["name"] == "target-osdi-crm"

    config = tap.file("config.json", {**tap.settings(account), "account": "mine", "work_dir": str(tmp_path / "work")})
    person = {"id": "1", "email_addresses": [{"address": "a@example.org", "status": "subscribed"}]}
    lines = [
        {"type": "SCHEMA", "stream": "people", "schema": {"properties": {"id": {}}}, "key_properties": ["id"]},
        {"type": "RECORD", "stream": "people", "record": person},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    written = alone(tmp_path, commands / "target-osdi-crm", "--config", config, input=text)
    assert written.returncode == 0, written.stderr
    assert account.counters()["resources"]["people"] == 1

    status = alone(tmp_path, commands / "osdi-crm-journal", "--work-dir", tmp_path / "work", "status")
    assert status.returncode == 0, status.stderr
    assert "people" in status.stdout

    without = alone(tmp_path, commands / "destination-osdi-crm", "spec")
    assert without.returncode == 1
    assert "pip install 'target-osdi-crm[airbyte]'" in without.stderr
    install("target-osdi-crm[airbyte]", built, tmp_path)
    imported = alone(tmp_path, commands / "python", "-c", IMPORT_ALL, "airbyte", "osdi_crm_client", "target_osdi_crm")
    assert imported.returncode == 0, imported.stderr
    assert json.loads(alone(tmp_path, commands / "destination-osdi-crm", "spec").stdout)["type"] == "SPEC"
