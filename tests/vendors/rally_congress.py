"""Rally Congress as the tests of reading and writing see it."""

from __future__ import annotations

from tests.reading_case import NO_CHILDREN, ReadingCase
from tests.writing_case import WritingCase

READING = ReadingCase(
    vendor="rally_congress",
    stream="supporters",
    swept=("campaigns", "campaigns"),
    many=400,
    key=lambda raw: str(raw.get("id") or raw["campaignId"]),
    names={"letters": None},
    per_page=100,
    extra={},
    cannot={
        "a_killed_run_goes_on_from_its_last_finished_slice": "its filter has no end, so nothing can be cut",
        **NO_CHILDREN,
    },
)

WRITING = WritingCase(
    vendor="rally_congress",
    people="supporters",
    key="id",
    given="firstName",
    family="lastName",
    creates=("POST", "/supporters$"),
    changes="POST",
    stored=lambda email, given: {"email": email, "firstName": given, "emailOptin": "yes"},
    seen=lambda raw: (raw["id"], raw["email"], raw.get("lastName")),
    status=("emailOptin", "yes", "unsubscribed"),
    state=lambda raw: raw["emailOptin"],
)
