"""What there is at i360: entities with their paths and fields, search terms, and account options.

The entities stand in entities.csv: the collection's path, below the parent where there is one; the id's property and
the others (`=contacts`: as contacts have them); the resource that records belong to, and the property of that one's id;
whether ids repeat from parent to parent; verbs besides GET.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osdi_crm_sandbox.records import Record, Resource, by, by_email
from osdi_crm_sandbox.vendor import options, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

API = "/2.0"
TOKEN = "/core/connect/token"  # noqa: S105  a path
FIRST_ORG = 1000

OPTIONS = options(__file__)

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
    for place, row in enumerate(table(__file__, "entities"), start=1):
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

COLUMNS = {row["column"]: (row["field"], row["description"]) for row in table(__file__, "columns")}
"""Search columns with the property of contacts that they show, and what is said of them."""
TOUCHPOINTS = (264, 266, 271, 273, 290, 291, 292, 293)
PARAMETERS = {
    2: "State",
    3: "Search Type",
    5: "County",
    13: "NCOA",
    15: "Age Range",
    27: "Polygon",
    28: "Registration Status",
}
PARAMETERS |= {377: "Has Email", **{number: f"Touchpoint {number}" for number in TOUCHPOINTS}}
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
