"""The attributes of NationBuilder's resources as its API v2 describes them, against the schemas of its streams."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[2] / "schemas" / "osdi_crm_schemas" / "nationbuilder"

# Transcribed from nationbuilder.com/api/v2/docs/v2/released.yaml. RW: read and written. RO: read only. WO: written
# only. XO: read only when extra_fields asks for it. An address is an object with the keys of ADDRESS. `refers_to` is
# the stream whose key an attribute holds.
ATTRIBUTES = list(
    csv.DictReader(
        (Path(__file__).parents[1] / "nationbuilder_attributes.csv").read_text(encoding="utf-8").splitlines()
    )
)
CASES = [(row["resource"], row["access"], row["type"], row["attribute"]) for row in ATTRIBUTES]
STREAMS = list(dict.fromkeys(row["resource"] for row in ATTRIBUTES))

# Answers of 2024 have these too; the published description does not. Read only.
UNDESCRIBED = {
    "signups": """
        RO string: auto_import_id mobile_number_normalized phone_number_normalized
        RO date-time: active_customer_expires_at active_customer_started_at first_invoice_at last_invoice_at
        RO integer: closed_invoices_amount_in_cents closed_invoices_count invoice_payments_amount_in_cents
            invoice_payments_referred_amount_in_cents invoices_amount_in_cents invoices_count
            outstanding_invoices_amount_in_cents outstanding_invoices_count overdue_invoices_count
        RO number: support_probability_score turnout_probability_score
    """,
}

# Relationships to one record that no attribute gives: property, relationship, and whether a write may set it.
RELATIONSHIPS = {
    "signups": [("page_id", "page", False)],
    "donations": [("author_id", "author", True), ("recruiter_id", "recruiter", True)],
    "event_rsvps": [
        ("signup_id", "signup", True),
        ("author_id", "author", True),
        ("recruiter_id", "recruiter", True),
        ("event_ticket_level_id", "event_ticket_level", True),
    ],
    "survey_questions": [("author_id", "author", False)],
    "mailings": [("author_id", "author", False)],
    "imports": [
        ("author_id", "author", False),
        ("point_person_id", "point_person", False),
        ("terminator_id", "terminator", False),
    ],
}

# The stream whose key a property holds that is no attribute, where it is not signups.
REFERENCES = {
    "list_id": "lists",
    "event_ticket_level_id": "event_ticket_levels",
    "page_id": "pages",
}

# An address that can be written has the key "delete" too.
ADDRESS = """
    RW string: address1 address2 address3 city state zip county country_code lat lng fips submitted_address import_id
        phone_number phone_country_code work_phone work_phone_number
    RW number: distance
"""

# A signup is also pushed; a tagging and an enrollment are made and deleted, never changed.
WRITES = {
    "signups": ["create", "update", "helper"],
    "signup_taggings": ["create"],
    "automation_enrollments": ["create"],
}


def parse(table: str) -> Iterator[tuple[str, str, str]]:
    """(access, type, attribute) of each attribute in a table."""
    for access, type_, names in re.findall(r"(RW|RO|WO|XO) ([a-z-]+):([a-z0-9_\s]+?)(?=\s(?:RW|RO|WO|XO)\s|$)", table):
        for name in names.split():
            yield access, type_, name


def properties(stream: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{stream}.json").read_text(encoding="utf-8"))["properties"]
    return found


def json_type(type_: str) -> tuple[list[str], str | None]:
    """The JSON Schema type and format of an attribute's type."""
    if type_ in {"date", "date-time"}:
        return ["null", "string"], type_
    return ["null", "object" if type_ == "address" else type_], None


def test_the_transcription_is_whole() -> None:
    assert len(STREAMS) == 40
    assert len(CASES) == len({(stream, name) for stream, _, _, name in CASES}) == 588
    assert Counter(access for _, access, _, _ in CASES) == {"RW": 383, "RO": 166, "WO": 21, "XO": 18}


def test_every_resource_is_a_stream_and_so_are_the_members_of_lists() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {*STREAMS, "list_signups"}


@pytest.mark.parametrize(("stream", "access", "type_", "name"), CASES, ids=str)
def test_attribute(stream: str, access: str, type_: str, name: str) -> None:
    found = properties(stream)
    writes = WRITES.get(stream, ["create", "update"])
    written_as = f"{name}_attributes"
    if access == "WO" and name not in found:
        # read under another name: one property for both
        pairs = [candidate for candidate in found.values() if candidate.get("x-write-name") == name]
        assert len(pairs) == 1
        assert pairs[0]["x-write"] == writes
        assert pairs[0]["type"] == json_type(type_)[0]
        return
    attribute = found[name]
    assert (attribute["type"], attribute.get("format")) == json_type(type_)
    is_pair = access == "XO" and (stream, "WO", "address", written_as) in CASES
    assert attribute.get("x-write") == (writes if access in {"RW", "WO"} or is_pair else None)
    assert attribute.get("x-write-name") == (written_as if is_pair else None)
    assert attribute.get("x-write-only") == (True if access == "WO" else None)
    assert attribute.get("x-extra-field") == (True if access == "XO" else None)
    if type_ == "address":
        keys = {key: key_type for _, key_type, key in parse(ADDRESS)}
        if access == "WO" or is_pair:
            keys["delete"] = "boolean"
        assert {key: value["type"] for key, value in attribute["properties"].items()} == {
            key: ["null", key_type] for key, key_type in keys.items()
        }
    if type_ in {"address", "object"}:
        assert attribute["additionalProperties"] is True
    if type_ == "object":
        assert "properties" not in attribute


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_has_its_key_first_its_references_next_and_nothing_else(stream: str) -> None:
    found = properties(stream)
    attributes = {name for resource, _, _, name in CASES if resource == stream}
    pairs = {attribute["x-write-name"] for attribute in found.values() if "x-write-name" in attribute}
    undescribed = {name for _, _, name in parse(UNDESCRIBED.get(stream, ""))}
    linked = {name for name, _, _ in RELATIONSHIPS.get(stream, [])}
    assert not attributes & linked
    assert set(found) == {"id"} | (attributes - pairs) | linked | undescribed
    assert next(iter(found)) == "id"
    assert found["id"]["type"] == "string"
    refers = ["x-refers-to" in attribute for attribute in list(found.values())[1:]]
    assert refers == sorted(refers, reverse=True)


@pytest.mark.parametrize("stream", UNDESCRIBED)
def test_what_the_description_lacks_is_typed_by_assumption_and_read_only(stream: str) -> None:
    found = properties(stream)
    names = list(parse(UNDESCRIBED[stream]))
    assert len(names) == 18
    for _, type_, name in names:
        assert (found[name]["type"], found[name].get("format")) == json_type(type_)
        assert found[name]["x-unconfirmed"]
        assert "x-write" not in found[name]


@pytest.mark.parametrize("stream", STREAMS)
def test_relationships_without_an_attribute_are_foreign_keys(stream: str) -> None:
    links = {
        name: (attribute["x-link"], attribute.get("x-write"))
        for name, attribute in properties(stream).items()
        if "x-link" in attribute
    }
    assert links == {
        name: (relationship, ["create", "update"] if writable else None)
        for name, relationship, writable in RELATIONSHIPS.get(stream, [])
    }


@pytest.mark.parametrize("stream", [*STREAMS, "list_signups"])
def test_foreign_keys_name_their_stream(stream: str) -> None:
    found = properties(stream)
    linked = {name for name, _, _ in RELATIONSHIPS.get(stream, [])} or {"list_id", "signup_id"}
    given = {row["attribute"]: row["refers_to"] or None for row in ATTRIBUTES if row["resource"] == stream}
    expected = {name: given.get(name, REFERENCES.get(name, "signups") if name in linked else None) for name in found}
    assert {name: attribute.get("x-refers-to") for name, attribute in found.items()} == expected
    for name, attribute in found.items():
        if "x-refers-to" in attribute:
            assert (FOLDER / f"{attribute['x-refers-to']}.json").exists()
            assert "string" in attribute["type"], name


def test_the_members_of_a_list_have_the_list_and_the_signup_as_their_key() -> None:
    found = properties("list_signups")
    assert list(found) == ["list_id", "signup_id"]
    assert [attribute["type"] for attribute in found.values()] == ["string", "string"]
    assert [attribute["x-write"] for attribute in found.values()] == [["create"], ["create"]]


@pytest.mark.parametrize("stream", [*STREAMS, "list_signups"])
def test_the_file_is_a_schema_with_a_sentence_for_everything(stream: str) -> None:
    found = json.loads((FOLDER / f"{stream}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (found["title"], found["type"], found["additionalProperties"]) == (stream, "object", True)
    sentences = [found["description"]]
    for attribute in found["properties"].values():
        sentences += [
            attribute["description"],
            *(key["description"] for key in attribute.get("properties", {}).values()),
        ]
    for sentence in sentences:
        assert re.fullmatch(r"[A-Z].*\.", sentence), sentence


# Attributes of one record each, as the vendor's documents print them.
SAMPLES: dict[str, dict[str, Any]] = {
    "signups": {
        "id": "1",
        "first_name": "Lucy",
        "email1_is_bad": False,
        "primary_email_id": 1,
        "born_at": "1990-08-06",
        "signup_type": 1,
        "external_id": "1",
        "donations_amount_in_cents": 500,
        "custom_values": {"custom_text": "Text Value", "custom_number": "22", "bugs_found": 1.0, "chapter": None},
        "unsubscribed_at": "2019-10-26T10:00:00-04:00",
        "home_address": None,
    },
    "donations": {"id": "1", "amount_in_cents": 500, "amount": "5.00", "payout_id": "po_abc123", "page_id": "1"},
    "custom_fields": {"id": "1", "options": {"1": "option1", "2": "option2"}, "position": 2},
    "paths": {"id": "1", "default_value_amount": "3.50", "due_date_is_enabled": False},
    "elections": {"id": "1", "election_at": "2022-11-08", "donation_maximum": "5.00", "state": "NY"},
    "suggestions": {"id": "1", "response_type_id": 2, "suggestion_box_id": "123", "has_image": False},
    "automation_enrollments": {"id": "1", "automation_step_number": 1, "excluded_at": "2019-10-26T10:00:00-04:00"},
}


@pytest.mark.parametrize("stream", SAMPLES)
def test_a_record_as_the_vendor_prints_it_is_valid(stream: str) -> None:
    schema = json.loads((FOLDER / f"{stream}.json").read_text(encoding="utf-8"))
    assert set(SAMPLES[stream]) <= set(schema["properties"])
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(SAMPLES[stream])
