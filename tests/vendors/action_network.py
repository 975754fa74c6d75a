"""Action Network as the tests of reading and writing see it."""

from __future__ import annotations

from typing import Any

from tests.reading_case import ReadingCase
from tests.writing_case import Message, WritingCase


def _uuid(raw: dict[str, Any]) -> str:
    return str(next(i for i in raw["identifiers"] if i.startswith("action_network:")).removeprefix("action_network:"))


def _at_action_network(email: str, given: str) -> Message:
    address = {"primary": True, "address": email, "status": "subscribed"}
    return {"email_addresses": [address], "given_name": given}


READING = ReadingCase(
    vendor="action_network",
    stream="people",
    parents="petitions",
    children="signatures",
    hang=lambda parent: {"action_network:petition_id": _uuid(parent)},
    key=_uuid,
    names={"items": "list_items"},
    per_page=25,
    extra={"action_network_taggings_of": ["*"], "action_network_items_of": ["*"]},
)

WRITING = WritingCase(
    vendor="action_network",
    people="people",
    key="id",
    given="given_name",
    family="family_name",
    creates=("POST", "/people$"),
    changes="PUT",
    stored=_at_action_network,
    seen=lambda raw: (
        raw["identifiers"][0].removeprefix("action_network:"),
        raw["email_addresses"][0]["address"],
        raw.get("family_name"),
    ),
    status=("email_status", "subscribed", "unsubscribed"),
    state=lambda raw: raw["email_addresses"][0]["status"],
)
