"""The folders for Airbyte's builders agree with the packages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROLES = {"source": "tap-osdi-crm", "destination": "target-osdi-crm"}


@pytest.mark.parametrize(("role", "plugin"), ROLES.items())
def test_a_folder_names_the_command_and_the_version_of_its_plugin(role: str, plugin: str) -> None:
    folder = ROOT / "hub" / "airbyte" / f"{role}-osdi-crm"
    project = tomllib.loads((ROOT / plugin / "pyproject.toml").read_text())["project"]
    metadata = yaml.safe_load((folder / "metadata.yaml").read_text())["data"]
    dockerfile = (folder / "Dockerfile").read_text()

    assert metadata["connectorType"] == role
    assert metadata["dockerImageTag"] == project["version"]
    assert f"{role}-osdi-crm" in project["scripts"]
    assert f'ENTRYPOINT ["{role}-osdi-crm"]' in dockerfile
    assert all((ROOT / line.split()[1]).exists() for line in dockerfile.splitlines() if line.startswith("COPY"))
    assert (folder / metadata["icon"]).read_text().startswith("<svg ")
    assert yaml.safe_load((folder / "acceptance-test-config.yml").read_text())["acceptance_tests"]
