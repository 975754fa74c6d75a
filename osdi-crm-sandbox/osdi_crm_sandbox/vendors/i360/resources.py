"""What there is at i360: entities with their paths and fields, search terms, and account options.

The entities stand in entities.csv: the collection's path, below the parent where there is one; the id's property and
the others (`=contacts`: as contacts have them); the resource that records belong to, and the property of that one's id;
whether ids repeat from parent to parent; verbs besides GET.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Record, Resource, by, by_email

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

API = "/2.0"
TOKEN = "/core/connect/token"  # noqa: S105  a path
FIRST_ORG = 1000

OPTIONS: dict[str, Any] = {
    "scope": "openid profile sampleApi",  # or "openid profile sample": the vendor's pages differ
    "token_seconds": 360.0,
    "tell_expiry": True,  # False: no `expires_in`
    "casing": "pascal",  # of answers' properties; or "camel", "lower"
    "wrapper": None,  # name of a property that lists stand under
    "paging": None,  # or "page" (page from 1, pageSize), "offset" (skip, take)
    "max_record_limit": None,  # searches return no more
    "criteria_ignored": False,  # Volunteers/Search answers with all of them
    "show_log_id": False,  # volunteers carry LogID, the app's log-in
    "import_polls": 2,  # an import is done after so many reads of it
    "import_fails": False,  # imports change nothing and end as "Failed"
}

STATES = (
    *("AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS"),
    *("KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC"),
    *("ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY"),
)
"""By the value of search parameter 2, counted from one: Virginia is 47."""
IDENTITY = ("FirstName", "LastName", "Email", "Phone", "Address1", "City", "State", "Zip")
LOOKUP = ("FirstName", "LastName", "Address1", "City", "State")


@dataclass(frozen=True)
class Kind:
    """An entity: a line of the table."""

    name: str
    path: str
    key: str
    fields: tuple[str, ...]
    parent: str
    parent_key: str
    shared: bool
    writes: tuple[str, ...]
    first_id: int

    @property
    def base(self) -> str:
        """The path of the collection, with {parent}."""
        return f"{KINDS[self.parent].path}/{{parent}}/{self.path}" if self.parent else self.path

    def blank(self) -> Record:
        """A record without values."""
        return {self.key: None, **dict.fromkeys(self.fields)}


def _kinds() -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    text = (Path(__file__).parent / "entities.csv").read_text(encoding="utf-8")
    for place, row in enumerate(csv.DictReader(text.splitlines()), start=1):
        alike = kinds.get(row["fields"].removeprefix("="))
        kinds[row["name"]] = Kind(
            **{name: row[name] for name in ("name", "path", "key", "parent", "parent_key")},
            fields=alike.fields if alike else tuple(row["fields"].split()),
            shared=bool(row["shared"]),
            writes=tuple(row["writes"].split()),
            first_id=7_000_000_000 if row["name"] == "contacts" else 10_000 * place,
        )
    return kinds


KINDS = _kinds()
CONTACTS, NATIONAL, VOLUNTEERS, VALUES = (
    KINDS[name] for name in ("contacts", "national_contacts", "volunteers", "search_parameter_values")
)
JOBS = (KINDS["imports"], KINDS["searches"])
PLAIN_KINDS = [kind for kind in KINDS.values() if kind not in (CONTACTS, NATIONAL, VOLUNTEERS, VALUES, *JOBS)]
"""Those that are read and written as all are."""

COLUMNS = {
    "ContactID": ("ContactID", "The contact's id"),
    "firstname(c)": ("FirstName", "First name"),
    "lastname(c)": ("LastName", "Last name"),
    "gender(c)": ("Gender", "Gender"),
    "Phone(c)": ("Phone", "Phone"),
    "email(c)": ("Email", "E-mail"),
    "C_AddrLine1": ("Address1", "Street"),
    "C_AddrLine2": ("Address2", "Second line of the street"),
    "C_City": ("City", "City"),
    "C_State": ("State", "State"),
    "C_Zip5": ("Zip", "ZIP"),
    "C_CountyName": ("CountyName", "County"),
    "dob(c)": ("DateOfBirth", "Date of birth"),
}
TOUCHPOINTS = (264, 266, 271, 273, 290, 291, 292, 293)
PARAMETERS = {
    2: "State",
    3: "Search Type",
    5: "County",
    13: "NCOA",
    15: "Age Range",
    28: "Registration Status",
    377: "Has Email",
    **{number: f"Touchpoint {number}" for number in TOUCHPOINTS},
}
MANDATORY = ("2", "3", "13", "28")


def folded(names: Sequence[str], record: Record) -> Iterable[str]:
    """These fields' values as one text that compares without regard to case."""
    return ("\x1f".join(str(record.get(name) or "").strip().casefold() for name in names),)


FIELDS = {
    "identity": lambda record: folded(IDENTITY, record),
    "email": by_email("Email"),
    "State": by("State"),
    "LastName": by_email("LastName"),
    "parent": by("_parent"),
}
RESOURCES = {name: Resource("_modified", FIELDS, f"{kind.key} {{}} does not exist") for name, kind in KINDS.items()}
