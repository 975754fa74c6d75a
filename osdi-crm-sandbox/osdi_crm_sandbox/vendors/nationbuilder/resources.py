"""The resources of NationBuilder v2, in three tables, and how records are indexed.

attributes.csv: the attributes, those of nationbuilder.com/api/v2/docs/v2/released.yaml.

    kind       string, integer, decimal (text such as "5.00"), boolean, datetime, date, id, object or address
    refers_to  the resource that an id belongs to
    access     rw, ro, wo (written, never returned), xo (returned as an extra field only)
    nullable   as read; "no" for rw is the best hint for what a new record needs
    default    what is read where nothing was ever written, as JSON
    values     what an enumeration may be

relations.csv: the relationships, and the attribute that holds the other id; one that begins with "_" is none of these.

    kind       one: an attribute of the record. child, children: of the other. joined: of a record that joins the two,
               of the resource `through`, whose attribute `own` holds this record's id

resources.csv: the methods, what a new record must have, what no two may share, ignoring case; of seeded records the
texts that name them, and how many there are: at least so many, one more `per` so many people, and a share of those.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.population import Share
from osdi_crm_sandbox.records import Record, Resource
from osdi_crm_sandbox.vendor import options, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osdi_crm_sandbox.records import Values

API = "/api/v2"
OWNER = "1"
"""The id of the signup whose tokens an account's are."""

OPTIONS = options(__file__)

ADDRESSES = ("home", "mailing", "billing", "work", "registered", "user_submitted")
ADDRESS_KEYS = (
    *("address1", "address2", "address3", "city", "county", "state", "zip", "country_code", "lat", "lng", "fips"),
    *("submitted_address", "distance", "import_id", "phone_number", "phone_country_code", "work_phone"),
    "work_phone_number",
)
UNDOCUMENTED: dict[str, Any] = {
    **dict.fromkeys(("active_customer_expires_at", "active_customer_started_at", "auto_import_id")),
    **dict.fromkeys(("first_invoice_at", "last_invoice_at", "mobile_number_normalized", "phone_number_normalized")),
    **dict.fromkeys(("support_probability_score", "turnout_probability_score")),
    **dict.fromkeys(("closed_invoices_amount_in_cents", "closed_invoices_count"), 0),
    **dict.fromkeys(("invoice_payments_amount_in_cents", "invoice_payments_referred_amount_in_cents"), 0),
    **dict.fromkeys(("invoices_amount_in_cents", "invoices_count", "outstanding_invoices_amount_in_cents"), 0),
    **dict.fromkeys(("outstanding_invoices_count", "overdue_invoices_count"), 0),
}
"""Attributes of signups that nations returned in 2024 and the description of v2 does not name."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute; the module's first lines say what the fields mean."""

    name: str
    kind: str
    refers_to: str = ""
    access: str = "ro"
    nullable: bool = False
    default: Any = None
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship; the module's first lines say what the fields mean."""

    name: str
    to: str
    key: str
    kind: str
    through: str
    own: str

    @property
    def many(self) -> bool:
        """Whether it leads to several records."""
        return self.kind in ("children", "joined")


@dataclass(frozen=True)
class Kind:
    """A resource; the module's first lines say what the fields mean. Its attributes stand in the vendor's order."""

    name: str
    methods: frozenset[str]
    required: tuple[str, ...]
    unique: tuple[str, ...]
    named: tuple[str, ...]
    seeded: Share
    attributes: dict[str, Attribute]
    relations: dict[str, Relation]
    served: tuple[Attribute, ...] = field(init=False)
    extra: tuple[Attribute, ...] = field(init=False)

    def __post_init__(self) -> None:
        served = tuple(a for a in self.attributes.values() if a.access in ("rw", "ro"))
        extra = tuple(a for a in self.attributes.values() if a.access == "xo")
        object.__setattr__(self, "served", served)
        object.__setattr__(self, "extra", extra)

    def must_have(self, name: str) -> bool:
        """Whether no record is without this attribute."""
        return name in self.required or (name in self.attributes and not self.attributes[name].nullable)


def _attribute(row: dict[str, str]) -> Attribute:
    values = row["values"].split("|") if row["values"] else []
    return Attribute(
        name=row["attribute"],
        kind=row["kind"],
        refers_to=row["refers_to"],
        access=row["access"],
        nullable=row["nullable"] != "no",
        default=json.loads(row["default"]) if row["default"] else None,
        values=tuple(int(value) if row["kind"] == "integer" else value for value in values),
    )


def _kinds() -> dict[str, Kind]:
    attributes: dict[str, dict[str, Attribute]] = {}
    relations: dict[str, dict[str, Relation]] = {}
    for row in table(__file__, "attributes"):
        attributes.setdefault(row["resource"], {})[row["attribute"]] = _attribute(row)
    for row in table(__file__, "relations"):
        relation = Relation(*(row[name] for name in ("relation", "to", "key", "kind", "through", "own")))
        relations.setdefault(row["resource"], {})[relation.name] = relation
    return {
        row["resource"]: Kind(
            row["resource"],
            frozenset(row["methods"].split()),
            tuple(row["required"].split()),
            tuple(row["unique"].split()),
            tuple(row["named"].split()),
            Share(row),
            attributes[row["resource"]],
            relations.get(row["resource"], {}),
        )
        for row in table(__file__, "resources")
    }


HERE = _kinds()
KINDS = {name: kind for name, kind in HERE.items() if kind.methods}
"""What has endpoints of its own."""

REFERENCES: dict[str, list[tuple[str, str]]] = {}
"""By resource: which attributes (or keys) of which resources hold ids of its records."""
for _kind in HERE.values():
    _attributes = [(a.refers_to, a.name) for a in _kind.attributes.values() if a.refers_to and a.access in ("rw", "ro")]
    _keys = [(r.to, r.key) for r in _kind.relations.values() if r.key.startswith("_") and r.kind == "one"]
    for _to, _name in (*_attributes, *_keys):
        REFERENCES.setdefault(_to, []).append((_kind.name, _name))
REFERENCES["broadcasters"].append(("signups", "_broadcaster_id"))


# Indexes

ZERO = 10**19
"""Added to numbers, so that they sort as strings of one length."""


def comparable(kind: str, value: Any) -> str:
    """A value as a string that sorts as the vendor compares it; null before everything."""
    if value is None:
        return ""
    if kind in ("integer", "datetime", "id"):
        return f"{int(value) + ZERO:020d}"
    if kind == "decimal":
        return f"{int(Decimal(str(value)) * 10**8) + ZERO:020d}"
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "string":
        return f"={str(value).casefold()}"
    return str(value)


def _by(name: str, kind: str, default: Any = None) -> Values:
    return lambda record: (comparable(kind, record.get(name, default)),)


def _then_id(values: Values) -> Values:
    return lambda record: [value + comparable("id", record["id"]) for value in values(record)]


def _emails(record: Record) -> Iterable[str]:
    slots = [record.get(f"email{slot}") for slot in (1, 2, 3, 4)]
    return sorted({comparable("string", address) for address in (record.get("email"), *slots) if address})


def _fields(kind: Kind) -> dict[str, Values]:
    hidden = [name for to in REFERENCES.values() for resource, name in to if resource == kind.name and name[0] == "_"]
    fields = {name: _by(name, "id") for name in ("id", *hidden)}
    fields |= {one.name: _by(one.name, one.kind, one.default) for one in kind.served}
    if kind.name == "signups":
        fields["with_email_address"] = _emails
    return fields | {f"{name},id": _then_id(fields[name]) for name in ("updated_at", "created_at") if name in fields}


RESOURCES = {name: Resource("updated_at", _fields(kind), "Record not found") for name, kind in HERE.items()}
RESOURCES["async_processes"] = Resource("updated_at", {"id": lambda record: (record["id"],)}, "Record not found")
RESOURCES["tokens"] = Resource(
    "updated_at",
    {"id": lambda r: (r["id"],), "refresh_token": lambda r: [r["refresh_token"]] * bool(r["refresh_token"])},
)
"""What the control API also shows: access tokens by themselves, with "kind" (oauth, test or v1) and "refresh_token"."""
