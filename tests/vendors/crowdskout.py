"""Crowdskout as the tests of reading and writing see it."""

from __future__ import annotations

from typing import Any

import osdi_crm_schemas

from tests.reading_case import NO_CHILDREN, NO_TIMES, ReadingCase
from tests.writing_case import NO_STATUS, WritingCase


def _named(raw: dict[str, Any]) -> bool:
    """Whether a profile has a name, so that the segment holds it; attributes have one of their own."""
    return bool(raw.get("Names") or raw.get("name"))


KIND = "Our ID"


READING = ReadingCase(
    vendor="crowdskout",
    stream="profiles",
    swept=("profiles", "profiles"),
    key=lambda raw: str(raw["id"]),
    names={},
    per_page=1,
    extra={
        "crowdskout_collections": [
            name for name in osdi_crm_schemas.schema("crowdskout", "profiles")["properties"] if name[0].isupper()
        ]
    },
    many=400,
    is_full=True,
    is_read=_named,
    cannot={**NO_TIMES, **NO_CHILDREN},
)

WRITING = WritingCase(
    vendor="crowdskout",
    people="profiles",
    key="id",
    given="first_name",
    family="Households",  # of which, unlike names, a profile has one at most
    creates=("POST", "/profile$"),
    changes="PUT",
    stored=lambda email, given: {
        "Names": [{"FirstName": given}],
        "EmailAddresses": [{"Email": email}],
        "ExternalIDs": [{"ExternalID": email, "ExternalIDType": {"id": 1, "value": KIND}}],
    },
    seen=lambda raw: (
        str(raw["id"]),
        raw["EmailAddresses"][-1]["Email"],  # one that is changed is added
        next((each["HouseholdID"] for each in raw.get("Households") or ()), None),
    ),
    nested=lambda name: [{"HeadOfHousehold": {"value": "Yes"}, "HouseholdID": name}],
    named=lambda email: {"external_id": email},  # profiles are found by nothing else
    settings={"crowdskout_external_id_type": KIND},
    cannot={
        **NO_STATUS,
        "an_address_that_passes_to_somebody_else_does_not_make_two_people_one": "profiles keep the IDs they had",
    },
)
