"""Ridge CRM as the tests of reading and writing see it."""

from __future__ import annotations

from tests.reading_case import NO_CHILDREN, ReadingCase
from tests.writing_case import WritingCase

READING = ReadingCase(
    vendor="ridge_crm",
    stream="people",
    key=lambda raw: str(raw["id"]),
    names={},
    per_page=100,
    extra={},
    cannot={
        **NO_CHILDREN,
        "a_killed_run_goes_on_from_its_last_finished_slice": "there is no filter, so nothing can be cut",
        "a_killed_sweep_goes_on_from_its_cursor": "nothing is read parent by parent",
        "many_parents_take_seconds_and_little_state": "nothing is read parent by parent",
    },
)

WRITING = WritingCase(
    vendor="ridge_crm",
    people="people",
    key="id",
    given="given_name",
    family="family_name",
    creates=("POST", "/people$"),
    changes="PATCH",
    stored=lambda email, given: {"emails": [{"address": email}], "email_status": "subscribed", "given_name": given},
    seen=lambda raw: (raw["id"], raw["emails"][0]["address"], raw["family_name"]),
    status=("email_status", "subscribed", "unsubscribed"),
    state=lambda raw: raw["email_status"],
    cannot={
        "an_address_that_passes_to_somebody_else_does_not_make_two_people_one": "no address is ever taken away",
    },
)
