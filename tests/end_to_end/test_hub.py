"""The Hub definitions keep the rules that Meltano Hub publishes for them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
FILES = sorted((ROOT / "hub").glob("*/*.yml"))

QUALITY = {"gold", "silver", "bronze", "unknown"}
MAINTENANCE = {"active", "beta", "development", "inactive", "unknown"}
KEYS = {
    *("name", "pip_url", "variant", "namespace", "label", "description", "executable", "settings", "docs", "repo"),
    *("logo_url", "hidden", "python", "settings_group_validation", "commands", "capabilities", "metadata", "schema"),
    *("select", "maintenance_status", "domain_url", "keywords", "requires", "definition", "next_steps"),
    *("settings_preamble", "usage", "prereq", "supported_python_versions", "log_parser", "quality"),
}
OF_A_SETTING = {
    *("name", "aliases", "label", "value", "placeholder", "kind", "description", "tooltip", "documentation", "env"),
    *("value_processor", "value_post_processor", "oauth", "options", "docs", "hidden", "sensitive"),
}
KINDS = {
    *("oauth", "hidden", "password", "date_iso8601", "file", "email", "integer", "options", "object", "array"),
    *("boolean", "string", "decimal"),
}
CAPABILITIES = {
    "extractors": {
        *("properties", "catalog", "discover", "state", "about", "stream-maps", "schema-flattening"),
        *("activate-version", "batch", "test", "log-based", "structured-logging"),
    },
    "loaders": {
        *("about", "stream-maps", "activate-version", "batch", "soft-delete", "hard-delete", "datatype-failsafe"),
        *("schema-flattening", "target-schema", "validate-records", "structured-logging"),
    },
}
SECRET = re.compile(r"(password|token|secret)$")


@pytest.fixture(params=FILES, ids=[file.stem for file in FILES])
def file(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def definition(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def test_each_vendor_has_one_in_each_role() -> None:
    vendors = {file.stem for file in (ROOT / "osdi-crm-client" / "osdi_crm_client" / "vendors").glob("[!_]*.py")}
    names = {vendor.replace("_", "-") for vendor in vendors}

    assert {file.stem for file in FILES} == {f"{role}-{name}" for role in ("tap", "target") for name in names}


def test_it_has_the_keys_there_are(file: Path, definition: dict[str, Any]) -> None:
    assert {"name", "namespace", "variant", "quality"} <= definition.keys() <= KEYS
    assert definition["name"] == file.stem
    assert definition["namespace"] == file.stem.replace("-", "_")
    assert definition["quality"] in QUALITY
    assert definition["maintenance_status"] in MAINTENANCE
    assert set(definition["capabilities"]) <= CAPABILITIES[file.parent.name]
    assert "meltano_sdk" in definition["keywords"]
    assert definition["log_parser"] == "singer-sdk", "since it has the capability structured-logging"
    assert "structured-logging" in definition["capabilities"]
    assert "\n" not in definition["description"].strip()


def test_its_python_versions_are_those_of_the_package(definition: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / definition["pip_url"] / "pyproject.toml").read_text())["project"]
    known = [line.rpartition(" ")[2] for line in project["classifiers"] if line.startswith("Programming Language")]

    assert definition["supported_python_versions"] == known
    assert definition["executable"] in project["scripts"]


def test_each_setting_is_one_that_the_hub_can_show(definition: dict[str, Any]) -> None:
    settings = definition["settings"]
    names = [setting["name"] for setting in settings]
    assert names[0] == "vendor"
    assert names[1:] == sorted(set(names[1:])), "sorted, and each once"
    for setting in settings:
        name = setting["name"]
        assert setting.keys() <= OF_A_SETTING, name
        assert re.fullmatch(r"[a-z][a-z0-9_.]*", name)
        assert setting.get("kind", "string") in KINDS, name
        assert setting["label"], name
        assert setting["description"], name
        assert (setting.get("kind") == "options") == ("options" in setting), name
        assert all({"label", "value"} == option.keys() for option in setting.get("options", ())), name
        assert (setting.get("kind") == "password") == setting.get("sensitive", False), name
        assert not SECRET.search(name) or setting.get("sensitive"), name
        assert not setting.get("sensitive") or "value" not in setting, f"{name}: a secret has no default"


def test_what_it_requires_exists_and_says_so(definition: dict[str, Any]) -> None:
    descriptions = {setting["name"]: setting["description"] for setting in definition["settings"]}
    [[vendor, *group]] = definition["settings_group_validation"]

    assert vendor == "vendor"
    assert group
    assert {name for name, words in descriptions.items() if "Required for" in words} == set(group)


def test_no_setting_of_another_vendor_is_offered(definition: dict[str, Any]) -> None:
    vendor = definition["settings"][0]["value"]
    vendors = {file.stem for file in (ROOT / "osdi-crm-client" / "osdi_crm_client" / "vendors").glob("[!_]*.py")}
    others = tuple(f"{other}_" for other in vendors - {vendor})

    assert not [s["name"] for s in definition["settings"] if s["name"].startswith(others)]
