"""The crosswalk: every table holds together, and what it covers survives the way into the model and back."""

from __future__ import annotations

from importlib import resources
from typing import Any

import osdi_crm_schemas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from osdi_crm_schemas.crosswalk import KEYS, Crosswalk, people, shared_streams

CROSSWALKS = [(vendor, name) for vendor in osdi_crm_schemas.vendors() for name in shared_streams(vendor)]
every_crosswalk = pytest.mark.parametrize(("vendor", "name"), CROSSWALKS)
SHARED = sorted(file.name.removesuffix(".json") for file in (resources.files(osdi_crm_schemas) / "osdi").iterdir())

texts = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x1F600, exclude_categories=["Cs", "Z", "Cc"]), min_size=1
)


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_stream_is_a_schema_with_a_key_that_says_where_it_comes_from(name: str) -> None:
    schema = osdi_crm_schemas.shared_schema(name)

    Draft202012Validator.check_schema(schema)
    assert schema["title"] == name
    assert "derived from OSDI" in schema["$comment"]
    assert all(schema["properties"][key]["type"] == "string" for key in KEYS[name])
    assert {"vendor", "account", "identifiers"} <= schema["properties"].keys()
    for property_name, found in schema["properties"].items():
        assert found["description"].startswith(("OSDI ", "Of this project: ")), property_name


@every_crosswalk
def test_every_place_is_one_of_the_model_and_the_key_is_among_them(vendor: str, name: str) -> None:
    crosswalk = Crosswalk(vendor, name)

    assert crosswalk.table.places <= crosswalk.properties.keys()
    assert crosswalk.table.places >= {*crosswalk.keys}


@every_crosswalk
def test_a_vendors_words_stand_each_for_one_of_the_models(vendor: str, name: str) -> None:
    slots = [slot for each in Crosswalk(vendor, name).table.slots.values() for slot in each]
    tables = [slot.parts or (slot.whole and slot.whole.inner) for slot in slots]
    for words in [each.words for table in tables if table for each in table.fields if each.place.name == "status"]:
        assert {*words.values()} <= {*people.WORDS}


OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": st.integers(1, 1000),
    "number": st.integers(1, 1000).map(float),
    "object": st.dictionaries(texts, texts, min_size=1),
}
OF_FORMAT: dict[str, st.SearchStrategy[Any]] = {
    "date": st.dates().map(str),
    "date-time": st.datetimes().map(lambda time: f"{time:%Y-%m-%dT%H:%M:%SZ}"),
}


def made_of(schema: dict[str, Any], words: dict[str, str]) -> st.SearchStrategy[Any]:
    """Values of a property: any that its type allows, and of a property with words one of these."""
    if words:
        return st.sampled_from(sorted(words))
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return OF_FORMAT.get(schema.get("format", ""), next((OF_TYPE[kind] for kind in kinds if kind in OF_TYPE), texts))


@every_crosswalk
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_the_table_covers_is_the_same_after_the_way_there_and_back(
    vendor: str, name: str, data: st.DataObject
) -> None:
    crosswalk = Crosswalk(vendor, name)
    schema = osdi_crm_schemas.schema(vendor, crosswalk.stream)["properties"]
    plain = [each for each in crosswalk.table.fields if each.is_written and not each.inner]
    record = {
        each.name: data.draw(made_of(schema[each.name], dict(each.words)))
        for each in plain
        if not each.is_list and data.draw(st.booleans())
    }

    left: list[str] = []
    shared = crosswalk.table.read(record)
    back = crosswalk.table.write(shared, left)

    assert back == record
    assert left == []
    for place, value in shared.items():
        Draft202012Validator(crosswalk.properties[place]).validate(value)


def test_an_entry_of_a_kind_goes_where_that_kind_stands_and_one_without_where_any_may() -> None:
    walk = Crosswalk("nationbuilder", "people")
    numbers = [
        {"number": "1", "number_type": None},
        {"number": "2", "number_type": "mobile"},
        {"number": "3", "number_type": "Pager"},
        {"number": "4", "number_type": "Mobile", "primary": True},
    ]

    signup, left = walk.write({"id": "p", "phone_numbers": numbers})

    assert {name: signup.get(name) for name in ("phone_number", "mobile_number")} == {
        "phone_number": "1",
        "mobile_number": "4",
    }
    assert left == ["further phone_numbers", "further phone_numbers"]


@pytest.mark.parametrize("word", people.OUTS)
@pytest.mark.parametrize("vendor", [vendor for vendor, name in CROSSWALKS if name == "people"])
def test_whoever_is_out_in_the_model_is_out_in_the_columns_for_the_target(vendor: str, word: str) -> None:
    by_channel = {"email": word, "sms": word, "calls": word}
    by_address = {
        "email_addresses": [{"address": "a@example.org", "status": word}],
        "phone_numbers": [{"number": "12025550123", "number_type": "Mobile", "status": word, "do_not_call": True}],
    }
    for person in ({"id": "p", "consent": by_channel}, {"id": "p", **by_address}):
        record, _ = Crosswalk(vendor, "people").write(person)

        assert {record["email_status"], record["sms_status"]} <= {*people.OUTS}
        assert record["do_not_call"] is True


@pytest.mark.parametrize("vendor", [vendor for vendor, name in CROSSWALKS if name == "people"])
def test_unknown_says_nothing(vendor: str) -> None:
    consent = dict.fromkeys(("email", "sms", "calls", "postal"), "unknown")

    record, _ = Crosswalk(vendor, "people").write({"id": "p", "given_name": "Ada", "consent": consent})

    assert not record.keys() & {"email_status", "sms_status", "do_not_call", "do_not_contact"}
