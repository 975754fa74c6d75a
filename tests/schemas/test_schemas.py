"""The loader, and the conventions that every vendor's schema files keep."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any, get_args

import osdi_crm_schemas
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from osdi_crm_schemas import Operation, fold, property_names, schema, streams, vendor_names, vendors, write_names

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAMS = [(vendor, stream) for vendor in vendors() for stream in streams(vendor)]
every_stream = pytest.mark.parametrize(("vendor", "stream"), STREAMS)

ROOT_KEYWORDS = {
    *("$schema", "title", "description", "type", "additionalProperties", "properties"),
    *("x-write-only", "x-unconfirmed", "x-probe", "x-osdi"),
}
ANY_KEYWORDS = {
    *("type", "format", "description", "items", "properties", "additionalProperties"),
    *("x-refers-to", "x-address", "x-id", "x-unconfirmed", "x-probe", "x-osdi"),
}
PROPERTY_KEYWORDS = ANY_KEYWORDS | {
    *("x-vendor-name", "x-link", "x-write", "x-write-name", "x-write-only", "x-extra-field"),
    *("x-wall-clock", "x-date", "x-comma-separated", "x-may-be-kept"),
}
NESTED_KEYWORDS = ANY_KEYWORDS | {"readOnly", "writeOnly"}
FLAGS = ("readOnly", "writeOnly", "x-write-only", "x-extra-field", "x-wall-clock", "x-date", "x-id", "x-may-be-kept")
TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}


def read(vendor: str, stream: str) -> dict[str, Any]:
    """The file as it lies there; a key that stands twice in one object fails."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        assert len(found) == len(pairs), f"a key stands twice among {[key for key, _ in pairs]}"
        return found

    text = (resources.files(osdi_crm_schemas) / vendor / f"{stream}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text, object_pairs_hook=unique)
    return found


def nested(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema below a node, with its path: ``targets``, ``targets[]``, ``targets[].name``."""
    for name, child in node.get("properties", {}).items():
        below = f"{path}.{name}" if path else name
        yield below, child
        yield from nested(child, below)
    if "items" in node:
        yield f"{path}[]", node["items"]
        yield from nested(node["items"], f"{path}[]")


def types(node: dict[str, Any]) -> set[str]:
    return {node["type"]} if isinstance(node["type"], str) else set(node["type"])


def keys(found: dict[str, Any]) -> list[str]:
    return [name for name, child in found["properties"].items() if child["type"] == "string"]


def test_every_vendor_has_streams() -> None:
    assert "action_network" in vendors()
    assert list(vendors()) == sorted(vendors())
    for vendor in vendors():
        assert streams(vendor)
        assert list(streams(vendor)) == sorted(streams(vendor))


def test_an_unknown_vendor_or_stream_is_named_with_those_there_are() -> None:
    with pytest.raises(LookupError, match=r"No vendor 'action'; there are .*action_network"):
        streams("action")
    with pytest.raises(LookupError, match=r"No vendor 'action'"):
        schema("action", "people")
    with pytest.raises(LookupError, match=r"action_network has no stream 'person'; there are .*people"):
        schema("action_network", "person")
    with pytest.raises(LookupError, match=r"no stream '\.\./action_network/people'"):
        schema("action_network", "../action_network/people")


@every_stream
def test_a_schema_is_its_file_with_additional_fields(vendor: str, stream: str) -> None:
    found = schema(vendor, stream)
    assert list(found["properties"])[-1] == "additional_fields"
    additional_fields = found["properties"].pop("additional_fields")
    assert additional_fields["type"] == ["null", "object"]
    assert additional_fields["additionalProperties"] is True
    assert found == read(vendor, stream)


def test_a_schema_is_the_callers_own() -> None:
    mine = schema("action_network", "people")
    mine["properties"]["given_name"]["type"] = "changed"
    mine["properties"]["additional_fields"]["type"].append("changed")
    del mine["properties"]["id"]
    again = schema("action_network", "people")
    assert again["properties"]["given_name"]["type"] == ["null", "string"]
    assert again["properties"]["additional_fields"]["type"] == ["null", "object"]
    assert "id" in again["properties"]


@every_stream
def test_files_are_valid_object_schemas(vendor: str, stream: str) -> None:
    found = read(vendor, stream)
    Draft202012Validator.check_schema(found)
    Draft202012Validator.check_schema(schema(vendor, stream))
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["title"] == stream
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", stream)
    assert found["type"] == "object"
    assert found["additionalProperties"] is True
    assert found["properties"]


@every_stream
def test_no_keyword_but_those_agreed(vendor: str, stream: str) -> None:
    found = read(vendor, stream)
    assert set(found) <= ROOT_KEYWORDS
    for path, node in nested(found):
        assert set(node) <= (PROPERTY_KEYWORDS if path in found["properties"] else NESTED_KEYWORDS), path
        assert all(node[flag] is True for flag in FLAGS if flag in node), path
        assert ("x-probe" in node) is ("x-unconfirmed" in node), path
    assert ("x-probe" in found) is ("x-unconfirmed" in found)
    assert found.get("x-write-only", True) is True


@every_stream
def test_every_type_is_said_and_nullable_but_for_keys(vendor: str, stream: str) -> None:
    found = read(vendor, stream)
    first = keys(found)
    assert first, "no key: a property whose type is just 'string'"
    assert first == list(found["properties"])[: len(first)], "keys come first"
    for path, node in nested(found):
        assert types(node) <= TYPES, path
        assert types(node) - {"null"}, path
        if path not in first and not path.endswith("[]"):
            assert "null" in types(node), path
        if "format" in node:
            assert node["format"] in {"date", "date-time"}, path
            assert types(node) - {"null"} == {"string"}, path


@every_stream
def test_everything_is_described(vendor: str, stream: str) -> None:
    found = read(vendor, stream)
    for path, node in [("", found), *nested(found)]:
        if path.endswith("[]"):
            continue
        for text in (node["description"], node.get("x-unconfirmed", "Assumed.")):
            assert text == text.strip(), path
            assert "\n" not in text, path
            assert text.endswith("."), path
            assert text[0].isupper() or not text[0].isalpha(), path


@every_stream
def test_arrays_and_objects_are_typed_and_open(vendor: str, stream: str) -> None:
    for path, node in nested(read(vendor, stream)):
        assert ("array" in types(node)) == ("items" in node), path
        if "object" in types(node):
            assert node["additionalProperties"] is True, path
            if path.endswith("[]"):
                assert node["properties"], path
        else:
            assert not {"properties", "additionalProperties"} & set(node), path
        if "properties" in node:
            assert node["properties"], path


@every_stream
def test_links_and_what_the_loader_adds_are_no_properties(vendor: str, stream: str) -> None:
    reserved = {"_links", "_embedded", "links", "relationships", "additional_fields"}
    assert not reserved & set(read(vendor, stream)["properties"])


@every_stream
def test_names_are_safe_and_unique_when_folded(vendor: str, stream: str) -> None:
    names = list(schema(vendor, stream)["properties"])
    for name in names:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
    assert len({fold(name) for name in names}) == len(names)
    known = list(vendor_names(vendor, stream).values())
    assert len(set(known)) == len(known)


@every_stream
def test_foreign_keys_refer_to_streams_of_the_vendor(vendor: str, stream: str) -> None:
    for path, node in nested(read(vendor, stream)):
        if "x-refers-to" in node:
            assert node["x-refers-to"] in streams(vendor), path
        if "x-link" in node:
            assert node["x-link"], path


@every_stream
def test_what_may_be_written_is_said_in_full(vendor: str, stream: str) -> None:
    for name, node in read(vendor, stream)["properties"].items():
        write = node.get("x-write")
        if write is not None:
            assert write, name
            assert write == [operation for operation in get_args(Operation) if operation in write], name
        if "x-vendor-name" in node:
            assert node["x-vendor-name"] != name
            assert node["x-vendor-name"], name
        if "x-write-name" in node:
            assert write, name
            assert node["x-write-name"] not in {"", node.get("x-vendor-name", name)}, name
        if "x-write-only" in node:
            assert write, name


@every_stream
def test_each_operation_sets_each_of_the_vendors_names_once(vendor: str, stream: str) -> None:
    properties = read(vendor, stream)["properties"]
    for operation in get_args(Operation):
        found = write_names(vendor, stream, operation)
        assert list(found) == [name for name, node in properties.items() if operation in node.get("x-write", [])]
        assert len(set(found.values())) == len(found)


def test_names_lead_from_column_to_property_to_vendor() -> None:
    columns = property_names("action_network", "signatures")
    assert columns[fold("PETITION_ID")] == "petition_id"
    assert columns[fold("actionNetworkReferrerData")] == "action_network_referrer_data"
    assert columns[fold("ADDITIONAL_FIELDS")] == "additional_fields"
    answered = vendor_names("action_network", "signatures")
    assert answered["petition_id"] == "action_network:petition_id"
    assert answered["action_network_referrer_data"] == "action_network:referrer_data"
    assert answered["comments"] == "comments"
    assert "additional_fields" not in answered
    written = write_names("action_network", "signatures", "update")
    assert dict(written) == {"identifiers": "identifiers", "comments": "comments"}


def test_what_is_write_only_is_no_part_of_an_answer() -> None:
    assert "unique_ids" not in vendor_names("action_network", "unique_id_lists")
    assert write_names("action_network", "unique_id_lists", "create")["unique_ids"] == "unique_ids"
    assert property_names("action_network", "unique_id_lists")[fold("UNIQUE_IDS")] == "unique_ids"


def test_a_write_name_goes_before_the_name_in_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    properties = {
        "both": {"x-vendor-name": "answered", "x-write-name": "asked", "x-write": ["update"]},
        "answered_only": {"x-vendor-name": "vendor:answered", "x-write": ["create", "update"]},
        "read_only": {"x-vendor-name": "vendor:read"},
    }
    monkeypatch.setattr(osdi_crm_schemas, "_file", lambda _vendor, _stream: {"properties": properties})
    uncached = write_names.__wrapped__
    assert uncached("v", "s", "update") == {"both": "asked", "answered_only": "vendor:answered"}
    assert uncached("v", "s", "create") == {"answered_only": "vendor:answered"}
    assert uncached("v", "s", "helper") == {}
    assert vendor_names.__wrapped__("v", "s")["both"] == "answered"


def test_the_tables_cannot_be_changed() -> None:
    for table in (
        property_names("action_network", "people"),
        vendor_names("action_network", "people"),
        write_names("action_network", "people", "helper"),
    ):
        with pytest.raises(TypeError):
            table["id"] = "changed"  # type: ignore[index]


@given(st.text())
def test_fold_leaves_letters_and_digits(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]*", fold(name))
    assert fold(fold(name)) == fold(name)


@given(st.text(st.characters(codec="ascii")))
def test_fold_knows_a_name_in_any_case(name: str) -> None:
    assert fold(name.upper()) == fold(name) == fold(name.lower())
    assert fold(name) == "".join(character for character in name.lower() if character.isalnum())


@given(st.data())
def test_a_property_is_found_however_a_warehouse_spells_it(data: st.DataObject) -> None:
    vendor, stream = data.draw(st.sampled_from(STREAMS))
    name = data.draw(st.sampled_from(list(schema(vendor, stream)["properties"])))
    column = "".join(
        data.draw(st.sampled_from((character.lower(), character.upper(), f"_{character}")))
        if character != "_"
        else data.draw(st.sampled_from(("_", "__", "-", " ", "")))
        for character in name
    )
    assert property_names(vendor, stream)[fold(column)] == name
