"""NationBuilder as the tests of reading and writing see it."""

from __future__ import annotations

from typing import Any

from tests.reading_case import ReadingCase
from tests.writing_case import Message, WritingCase


def _listed(raw: dict[str, Any]) -> str:
    """The id, or that of the list and of the signup on it."""
    listed = raw["attributes"] if raw["type"] == "list_members" else None
    return f"{listed['list_id']}/{listed['signup_id']}" if listed else str(raw["id"])


def _in_a_nation(raw: Message) -> tuple[str, str, Any]:
    return raw["id"], raw["attributes"]["email"], raw["attributes"]["last_name"]


READING = ReadingCase(
    vendor="nationbuilder",
    stream="donation_tracking_codes",
    parents="petitions",
    children="petition_signatures",
    hang=lambda parent: {"attributes": {"petition_id": parent["id"]}},
    swept=("list_signups", "lists"),
    key=_listed,
    names={"list_members": "list_signups", "payment_types": None, "tokens": None, "async_processes": None},
    per_page=100,
    extra={"nationbuilder_extra_fields": ["*"]},
    cannot={
        "children_of_parents_that_come_after_the_parents_were_read_come_next_time": "read by time, not by parent",
    },
)

WRITING = WritingCase(
    vendor="nationbuilder",
    people="signups",
    key="id",
    given="first_name",
    family="last_name",
    creates=("PATCH", "/signups/push$"),
    changes="PATCH",
    stored=lambda email, given: {
        "attributes": {"email": email, "email1": email, "first_name": given, "email_opt_in": True}
    },
    seen=_in_a_nation,
    status=("email_opt_in", True, False),
    state=lambda raw: raw["attributes"]["email_opt_in"],
    is_made=lambda raw: not raw["attributes"].get("is_cpu"),  # the owner of a nation is there from the first
)
