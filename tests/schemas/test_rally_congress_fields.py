"""The fields of Rally Congress's supporters, as its documentation lists them, and the assumed ones, marked as such."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_schemas import schema, streams

WRITABLE = "firstName lastName middleName suffix prefix email emailOptin customId addresses phones"
ADDRESS = "addressType street1 street2 street3 city state zipcode zipplus"
PHONE = "telephone"
LETTER = "prefix firstname lastname street city state zipcode phone email subject message mode"


def properties(stream: str) -> dict[str, Any]:
    found: dict[str, Any] = schema("rally_congress", stream)["properties"]
    del found["additional_fields"]
    return found


def strings(found: dict[str, Any]) -> set[str]:
    return {name for name, field in found.items() if field["type"] == ["null", "string"] and "format" not in field}


def test_there_are_no_other_streams() -> None:
    assert set(streams("rally_congress")) == {
        "supporters",
        "supporter_addresses",
        "supporter_phones",
        "campaigns",
        "campaign_actions",
        "messages",
    }


@pytest.mark.parametrize(
    ("stream", "keys", "fields"),
    [
        ("supporters", ["id"], f"{WRITABLE} emailStatus updated_since"),
        ("supporter_addresses", ["supporter_id", "position"], ADDRESS),
        ("supporter_phones", ["supporter_id", "position"], PHONE),
        ("campaigns", ["campaignId"], "title text uri actions"),
        ("campaign_actions", ["campaignId", "actionType"], "fields letters targets city state zipcode"),
        ("messages", ["id"], f"campaignId actionType {LETTER}"),
    ],
)
def test_the_fields_of_a_stream(stream: str, keys: list[str], fields: str) -> None:
    found = properties(stream)
    assert list(found)[: len(keys)] == keys
    assert all(found.pop(key)["type"] == "string" for key in keys)
    assert set(found) == set(fields.split())
    lists = {"addresses", "phones", "actions", "fields", "letters", "targets"} & set(found)
    assert strings(found) == set(found) - lists - {"updated_since"}
    assert all(found[name]["type"] == ["null", "array"] for name in lists)


@pytest.mark.parametrize(
    ("stream", "name", "fields", "texts"),
    [
        ("supporters", "addresses", ADDRESS, ADDRESS),
        ("supporters", "phones", PHONE, PHONE),
        ("campaigns", "actions", "actionType title uri", "actionType title uri"),
        ("campaign_actions", "fields", "name label title type isRequired options", "name label title type"),
        ("campaign_actions", "letters", "subject body", "subject body"),
        ("campaign_actions", "targets", "name title", "name title"),
    ],
)
def test_the_fields_of_a_list(stream: str, name: str, fields: str, texts: str) -> None:
    found = properties(stream)[name]["items"]["properties"]
    assert set(found) == set(fields.split())
    assert strings(found) == set(texts.split())


def test_a_field_of_a_form_says_whether_it_is_required_and_what_it_takes() -> None:
    found = properties("campaign_actions")["fields"]["items"]["properties"]
    assert found["isRequired"]["type"] == ["null", "boolean"]
    assert found["options"]["items"]["type"] == ["null", "object", "string"]


def test_actions_may_be_names_alone() -> None:
    assert properties("campaigns")["actions"]["items"]["type"] == ["null", "object", "string"]


def test_deliverability_is_the_only_field_of_a_supporter_that_cannot_be_written() -> None:
    found = properties("supporters")
    written = {name for name, field in found.items() if field.get("x-write") == ["create", "update"]}
    assert written == set(WRITABLE.split())
    assert {name for name, field in found.items() if "x-write" not in field} == {"id", "emailStatus", "updated_since"}


def test_a_letter_is_written_and_never_read() -> None:
    assert schema("rally_congress", "messages")["x-write-only"] is True
    found = properties("messages")
    assert {name for name, field in found.items() if "x-write" in field} == set(LETTER.split())
    assert all(field["x-write"] == ["create"] for field in found.values() if "x-write" in field)
    assert {name for name, field in found.items() if field.get("x-write-only")} == set(LETTER.split())


def test_records_point_to_their_supporter_and_their_campaign() -> None:
    assert properties("supporter_addresses")["supporter_id"]["x-refers-to"] == "supporters"
    assert properties("supporter_phones")["supporter_id"]["x-refers-to"] == "supporters"
    assert properties("campaign_actions")["campaignId"]["x-refers-to"] == "campaigns"
    assert properties("messages")["campaignId"]["x-refers-to"] == "campaigns"


@pytest.mark.parametrize(
    ("stream", "assumed"),
    [
        ("supporters", "emailOptin addresses phones"),
        ("supporter_addresses", ""),
        ("supporter_phones", ""),
        ("campaigns", "campaignId title text uri actions"),
        ("campaign_actions", "fields letters targets city state"),
        ("messages", ""),
    ],
)
def test_what_the_documentation_does_not_name_is_marked(stream: str, assumed: str) -> None:
    found = schema("rally_congress", stream)
    assert "x-unconfirmed" not in found
    marked = {name for name, field in found["properties"].items() if field.get("x-unconfirmed")}
    assert marked == set(assumed.split())
