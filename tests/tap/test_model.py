"""`model: osdi`: the shared streams of each vendor, read as its own are."""

from __future__ import annotations

from typing import Any

import osdi_crm_schemas
import pytest
from jsonschema import Draft202012Validator
from osdi_crm_sandbox.control import Sandbox
from osdi_crm_schemas.crosswalk import KEYS, people, shared_streams

from tests.tap_command import TapCommand
from tests.vendors import VENDORS as CASES

VENDORS = [vendor for vendor in osdi_crm_schemas.vendors() if shared_streams(vendor)]
EXTRA = {
    case.READING.vendor: {name: value for name, value in case.READING.extra.items() if name.startswith("i360_")}
    for case in CASES
}
every_vendor = pytest.mark.parametrize("vendor", VENDORS)


@every_vendor
def test_the_shared_streams_come_with_their_schema_and_key(vendor: str, sandbox: Sandbox, tap: TapCommand) -> None:
    account = sandbox.account(vendor, size=20)
    run = tap(tap.settings(account, model="osdi", account="north", **EXTRA[vendor]))

    assert run.code == 0, run.log
    assert run.streams == {*shared_streams(vendor)}
    for name in run.streams:
        validator = Draft202012Validator(osdi_crm_schemas.shared_schema(name))
        records = run.records(name)
        assert records, name
        for record in records:
            validator.validate(record)
            assert (record["vendor"], record["account"]) == (vendor, "north")
            assert all(record[key] for key in KEYS[name])
        schema = next(each for each in run.messages if each["type"] == "SCHEMA" and each["stream"] == name)
        assert tuple(schema["key_properties"]) == KEYS[name]


@every_vendor
def test_people_say_where_they_are_from_and_how_they_may_be_reached(
    vendor: str, sandbox: Sandbox, tap: TapCommand
) -> None:
    run = tap(tap.settings(sandbox.account(vendor, size=20), model="osdi", account="north", **EXTRA[vendor]))

    for person in run.records("people"):
        assert f"{vendor}-north:{person['id']}" in person["identifiers"]
        assert {*person["consent"]} == {"email", "sms", "calls", "postal"}
        assert {*person["consent"].values()} <= {*people.WORDS}
        assert sum(bool(each.get("primary")) for each in person.get("email_addresses", [])) <= 1


@every_vendor
def test_a_second_run_goes_on_from_the_first_and_a_change_of_the_model_starts_anew(
    vendor: str, sandbox: Sandbox, tap: TapCommand
) -> None:
    account = sandbox.account(vendor, size=20)
    settings = tap.settings(account, overlap_seconds=0, account="north", **EXTRA[vendor])
    first = tap({**settings, "model": "osdi"}, "people")
    again = tap({**settings, "model": "osdi"}, "people", state=first.state)
    own = shared_streams(vendor)["people"]
    other = tap(settings, own, state={"bookmarks": {own: first.state["bookmarks"]["people"]}})

    if "replication_key_value" in first.state["bookmarks"]["people"]:
        assert again.records("people") == []
        assert "read from the start" in other.log
    assert len(other.records(own)) >= len(first.records("people")) > 0


def test_a_nations_addresses_come_without_being_asked_for(sandbox: Sandbox, tap: TapCommand) -> None:
    nation = sandbox.account("nationbuilder", size=20)
    run = tap(tap.settings(nation, model="osdi"), "people")
    kinds = {each["address_type"] for person in run.records("people") for each in person.get("postal_addresses", [])}

    assert "Home" in kinds
    first: dict[str, Any] = next(each for each in run.records("people") if each.get("postal_addresses"))
    assert first["postal_addresses"][0]["address_lines"]
