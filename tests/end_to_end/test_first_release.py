"""Catalogs and states of the first release: they load and run in this one, and go on where they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox

ROOT = Path(__file__).parent.parent.parent
STORED = Path(__file__).parent / "first_release"
BOOKMARK = "2025-01-01T00:00:00Z"
"""Every time in the stored states: it stands for the end of a run long ago."""

EXTRA: dict[str, dict[str, Any]] = {
    "action_network": {"action_network_taggings_of": ["*"], "action_network_items_of": ["*"]},
    "i360": {"i360_states": ["5", "36"], "i360_list_type": "my_data", "i360_record_limit": 100_000},
}


def stored(vendor: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((STORED / vendor / f"{name}.json").read_text())
    return found


def by_stream(catalog: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["tap_stream_id"]: entry for entry in catalog["streams"]}


def narrowed(before: dict[str, Any], now: dict[str, Any] | None, path: str) -> list[str]:
    """Where a schema allows less than it did: properties that are gone, types that no longer are."""
    if now is None:
        return [path]
    kinds = [
        {schema["type"]} if isinstance(schema.get("type"), str) else set(schema.get("type", ()))
        for schema in (before, now)
    ]
    found = [path] if kinds[1] and not kinds[0] <= kinds[1] else []
    for name, each in before.get("properties", {}).items():
        found += narrowed(each, now.get("properties", {}).get(name), f"{path}.{name}")
    return found + (narrowed(before["items"], now.get("items"), f"{path}[]") if "items" in before else [])


@pytest.fixture(params=sorted(folder.name for folder in STORED.iterdir()))
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_catalog_and_state_run_and_go_on(vendor: str, sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(vendor, size=25)
    catalog, state = stored(vendor, "catalog"), stored(vendor, "state")
    config = tap.file("config.json", tap.settings(account, **EXTRA.get(vendor, {}), work_dir=str(tap.folder / "work")))
    files = ("--catalog", str(tap.file("catalog.json", catalog)), "--state", str(tap.file("state.json", state)))

    run = tap.run(["--config", str(config), *files])

    assert run.code == 0, run.log
    assert run.streams == set(by_stream(catalog))
    assert run.state["bookmarks"].keys() >= state["bookmarks"].keys()
    for name, before in state["bookmarks"].items():
        if key := before.get("replication_key"):
            now = run.state["bookmarks"][name]
            assert now["replication_key"] == key
            assert now["replication_key_value"] > before["replication_key_value"] == BOOKMARK
            times = [record[key] for record in run.records(name) if record.get(key)]
            assert [time for time in times if time < "2024-12-31T23"] == [], f"{name} is read from its bookmark"


def test_an_interrupted_sweep_goes_on(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("action_network", size=100)
    uuids = [raw["_links"]["self"]["href"].rpartition("/")[2] for raw in account.records("events")]
    done = sorted(uuids)[len(uuids) // 2]
    state = stored("action_network", "interrupted")  # of a run that was killed, after another account's event
    state["bookmarks"]["attendances"]["sweep"]["after"] = f"events/{done}"
    account.clear_log()

    run = tap(tap.settings(account), "attendances", state=state)

    assert run.code == 0, run.log
    assert "sweep" not in run.state["bookmarks"]["attendances"]
    asked = {path.split("/")[-2] for call in account.log() if (path := call["path"]).endswith("/attendances")}
    assert asked == {uuid for uuid in uuids if uuid > done}, "parents done before are not asked again"


def test_no_stream_property_or_type_is_gone_without_the_changelog_saying_so(
    vendor: str, sandbox: Sandbox, tap: Any
) -> None:
    config = tap.settings(sandbox.account(vendor), **EXTRA.get(vendor, {}))
    before, now = by_stream(stored(vendor, "catalog")), by_stream(tap.discover(config))
    changelog = (ROOT / "CHANGELOG.md").read_text()

    missing: list[str] = []
    for name, entry in before.items():
        if name not in now:
            missing.append(name)
            continue
        fixed = ("key_properties", "replication_key", "replication_method")
        missing += [f"{name}: {key}" for key in fixed if entry.get(key) != now[name].get(key)]
        missing += narrowed(entry["schema"], now[name]["schema"], name)

    assert [each for each in missing if f"`{vendor}: {each}`" not in changelog] == []
