"""What docs/operations.md says of streams, plugins and settings is what there is."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from osdi_crm_client.vendor import vendor, vendor_names
from tap_osdi_crm.tap import TapOSDICRM
from target_osdi_crm.target import TargetOSDICRM

ROOT = Path(__file__).parent.parent.parent
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("operations", "reverse-etl")}


@pytest.mark.parametrize("name", vendor_names())
def test_the_table_of_deletes_lists_every_stream(name: str) -> None:
    resources = [each for each in import_module(f"tap_osdi_crm.vendors.{name}").RESOURCES if not each.unconfirmed]
    deletes = PAGES["operations"].partition("## Deletes")[2].partition("\n## ")[0]
    [row] = [line for line in deletes.splitlines() if line.startswith(f"| {vendor(name).title} |")]
    whole, incremental = (set(re.findall(r"`(\w+)`", cell)) for cell in row.split("|")[2:4])

    assert whole == {each.name for each in resources if not each.replication_key}
    assert incremental == {each.name for each in resources if each.replication_key}


@pytest.mark.parametrize("page", PAGES)
def test_every_plugin_job_and_schedule_it_names_is_declared(page: str) -> None:
    declared = yaml.safe_load((ROOT / "meltano.yml").read_text())
    names = {each["name"] for role in declared["plugins"].values() for each in role}
    names |= {each["name"] for kind in ("jobs", "schedules") for each in declared[kind]}
    commands = "".join(re.findall(r"^```sh\n(.*?)^```", PAGES[page], re.DOTALL | re.MULTILINE))
    named = set(re.findall(r"meltano .*?\b(?:run|invoke)(?: --\S+)* ([a-z-]+)", commands))
    named |= set(re.findall(r"`([a-z-]+-(?:nightly|hourly))`", PAGES[page]))

    assert named
    assert named <= names


@pytest.mark.parametrize("page", PAGES)
def test_every_yaml_in_it_is_what_meltano_yml_says_or_could_say(page: str) -> None:
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]
    declared = {each["name"]: each for role in plugins.values() for each in role}
    for block in re.findall(r"^```yaml\n(  - name.*?)^```", PAGES[page], re.DOTALL | re.MULTILINE):
        for plugin in yaml.safe_load(block):
            assert plugin["inherit_from"] in declared
            assert plugin["name"] not in declared or plugin == declared[plugin["name"]]


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_it_names_exists(page: str) -> None:
    known = {*TapOSDICRM.config_jsonschema["properties"], *TargetOSDICRM.config_jsonschema["properties"]}
    prefixes = tuple(f"{name}_" for name in vendor_names())
    named = set(re.findall(r"[`']([a-z0-9]+_[a-z0-9_]+)(?:: [^`]*)?[`']", PAGES[page]))

    assert {name for name in named if name.startswith(prefixes)} <= known


def test_the_addresses_and_secrets_that_the_pages_name_stand_in_the_example_of_an_environment() -> None:
    example = (ROOT / ".env.example").read_text()
    named = re.findall(r"^((?:TAP|TARGET)_\w+?(?:URL|TOKEN|PASSWORD|SECRET))=", PAGES["reverse-etl"], re.MULTILINE)

    assert len(named) == 4
    assert [name for name in named if f"# {name}=" not in example] == []
