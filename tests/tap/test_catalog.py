"""A catalog chooses streams, properties and methods; one that is none, or chooses nothing, is told of in a line."""

from __future__ import annotations

import copy
import io
import json
from contextlib import redirect_stdout
from typing import Any

import pytest
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_sandbox.control import Sandbox
from tap_osdi_crm.catalog import checked
from tap_osdi_crm.tap import TapOSDICRM


def selecting(catalog: dict[str, Any], *streams: str) -> dict[str, Any]:
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            if not metadata["breadcrumb"]:
                metadata["metadata"]["selected"] = entry["tap_stream_id"] in streams
    return catalog


@pytest.mark.parametrize(
    ("of", "streams", "words"),
    [
        ("action_network", (), "The catalog, or 'select', selects no stream of Action Network"),
        (
            "nationbuilder",
            ("signups", "donations"),
            "The catalog selects 'signups', which Action Network does not have",
        ),
        (None, (), "The catalog, or 'select', selects no stream of Action Network"),
    ],
    ids=str,
)
def test_a_catalog_that_does_not_fit_is_told_of(
    sandbox: Sandbox, tap: Any, of: str | None, streams: tuple[str, ...], words: str
) -> None:
    account = sandbox.account("action_network", size=3)
    other = tap.settings(sandbox.account(of or "action_network", size=0))
    found = tap.discover(other) if of else {"streams": []}
    catalog = tap.file("other.json", selecting(found, *streams))

    run = tap(tap.settings(account), args=("--catalog", str(catalog)))

    assert run.code == 1
    assert words in run.log.splitlines()[-1]
    assert account.counters()["calls"] == 0


ENTRY = {
    "tap_stream_id": "people",
    "schema": {"properties": {"id": {"type": ["null", "string"]}}},
    "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
}


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"stream": "persons"}, "The catalog calls 'people' 'persons'"),
        ({"replication_method": "LOG_BASED"}, "The catalog has 'people' read by a method that there is not"),
        ({"replication_method": 5}, "The catalog has 'people' read by a method that there is not"),
        ({"schema": None}, "The catalog is not one"),
        ({"schema": {}}, "The catalog holds no schema of 'people'"),
        ({"schema": {"properties": None}}, "The catalog holds no schema of 'people'"),
        ({"schema": {"properties": {"id": {"type": "text"}}}}, "The catalog holds no schema of 'people'"),
        ({"schema": {"properties": {"id": {"type": {"a": 1}}}}}, "The catalog holds no schema of 'people'"),
        ({"metadata": ["x"]}, "The catalog is not one"),
    ],
    ids=str,
)
def test_an_odd_entry_is_told_of(odd: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        checked({"streams": [{**ENTRY, **odd}]})


@pytest.mark.parametrize("without", ["a key", "keys", "the key's property", "another replication key"])
def test_a_catalog_takes_no_keys_away(sandbox: Sandbox, case: Any, tmp_path: Any, without: str) -> None:
    account = sandbox.account(case.vendor, size=2)
    config = {**account.settings, **case.extra, "calls_per_second": 0, "work_dir": str(tmp_path)}
    catalog = selecting(copy.deepcopy(TapOSDICRM(config=config).catalog_dict), case.stream)
    [entry] = [each for each in catalog["streams"] if each["tap_stream_id"] == case.stream]
    keys = entry["key_properties"]
    match without:
        case "a key":
            for each in entry["metadata"]:
                if each["breadcrumb"][-1:] == keys[:1]:
                    each["metadata"] = {"selected": False, "inclusion": "available"}
        case "keys":
            entry["key_properties"] = None
        case "the key's property":
            del entry["schema"]["properties"][keys[0]]
        case _:
            entry["replication_key"] = "banana"
    out = io.TextIOWrapper(io.BytesIO())

    with redirect_stdout(out):
        TapOSDICRM(config=config, catalog=checked(catalog)).sync_all()

    out.seek(0)
    messages = [json.loads(line) for line in out]
    [schema] = [each for each in messages if each["type"] == "SCHEMA"]
    records = [each["record"] for each in messages if each["type"] == "RECORD"]
    assert schema["key_properties"] == [*keys]
    assert schema["schema"]["properties"].keys() >= {*keys}
    assert records
    assert all(record[key] for record in records for key in keys)
