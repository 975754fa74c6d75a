"""i360: a date of birth in a form that nobody has published; consent it keeps none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from osdi_crm_schemas.crosswalk.people import american

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_schemas.crosswalk.table import Record

WRITTEN = frozenset({"birthdate"})
"""What is written here, and not by the table."""

_DATES = (
    re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"),
    re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"),
)


def read(contact: Mapping[str, Any], person: Record) -> None:
    """Read the date of birth, as the portal takes it or as a date is usually written; all addresses are American."""
    for form in _DATES:
        if found := form.match(str(contact.get("DateOfBirth") or "")):
            person["birthdate"] = {name: int(part) for name, part in found.groupdict().items()}
    for each in person.get("postal_addresses", []):
        each["country"] = "US"


def fitting(person: Mapping[str, Any], left: list[str]) -> Record:
    """Leave out addresses elsewhere."""
    return american(person, left)


def write(person: Mapping[str, Any], contact: Record) -> None:
    """Write the date of birth as the portal takes it."""
    birth = person.get("birthdate")
    if isinstance(birth, dict) and all(birth.get(name) for name in ("month", "day", "year")):
        contact["DateOfBirth"] = "{month}/{day}/{year}".format_map(birth)
