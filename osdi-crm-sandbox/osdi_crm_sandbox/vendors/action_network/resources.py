"""What there is at Action Network: resources, what of them is written, and their filters.

The resources stand in kinds.csv: the key in `_embedded`, the name in error texts, what POST and PUT take, and what POST
alone; of what people do, the action it belongs to, whether a repeat by the same person replaces the earlier one, and
the action's counter; and how many are seeded: at least so many, one more `per` so many people, and a share of those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.population import Share, utc
from osdi_crm_sandbox.records import Record, Resource, by, by_each
from osdi_crm_sandbox.vendor import options, table

if TYPE_CHECKING:
    from osdi_crm_sandbox.records import Condition, Values

API = "/api/v2"
SITE = "https://actionnetwork.org"
NATIVE = "action_network:"
MAX_PER_PAGE = 25
HERE = "Action Network"
CURIES = [
    {"name": "osdi", "href": f"{SITE}/docs/v2/{{rel}}", "templated": True},
    {"name": "action_network", "href": f"{SITE}/docs/v2/{{rel}}", "templated": True},
]
OPTIONS = options(__file__)
FILTERS = {
    "record": ("identifier", "created_date", "modified_date"),
    "action": ("identifier", "created_date", "modified_date", "origin_system", "title"),
    "people": (
        *("identifier", "created_date", "modified_date", "family_name", "given_name", "email_address"),
        *("phone_number", "region", "postal_code"),
    ),
}
FILTERS["campaign"] = FILTERS["action"]
ACTION_FIELDS = ("title", "name", "description", "browser_url", "tag_list")


@dataclass(frozen=True)
class Kind:
    """A resource: a line of the table, and its documented filters."""

    name: str
    group: str
    rel: str
    one: str
    write: tuple[str, ...]
    only_new: tuple[str, ...]
    parent: str
    per_person: bool
    total: str
    filters: tuple[str, ...]
    seeded: Share

    @property
    def one_in_links(self) -> str:
        """Its name in relations and keys: "fundraising_page"."""
        return self.one.replace(" ", "_")

    @property
    def prefix(self) -> str:
        """What its relation begins with: osdi or action_network."""
        return self.rel.split(":")[0]


def _kind(row: dict[str, str]) -> Kind:
    is_action = row["group"] == "action"
    return Kind(
        row["name"],
        row["group"],
        row["rel"],
        row["one"],
        (*(ACTION_FIELDS if is_action else ()), *row["writes"].split()),
        (*(("origin_system",) if is_action else ()), *row["only_new"].split()),
        row["parent"],
        bool(row["per_person"]),
        row["total"],
        FILTERS.get(row["group"], ()) + (("start_date", "end_date") if row["name"] == "events" else ()),
        Share(row),
    )


KINDS = {row["name"]: _kind(row) for row in table(__file__, "kinds")}
ACTIONS = {name: kind for name, kind in KINDS.items() if kind.group == "action"}
RECORDS = {name: kind for name, kind in KINDS.items() if kind.group == "record"}
RECORD_OF = {kind.parent: kind for kind in RECORDS.values()}
PEOPLE, TAGS, TAGGINGS, LISTS, ITEMS, MESSAGES, UNIQUE_ID_LISTS = (
    KINDS[name] for name in ("people", "tags", "taggings", "lists", "items", "messages", "unique_id_lists")
)
TOP_LEVEL = {name: kind for name, kind in KINDS.items() if not kind.parent or name == "donations"}
GROUP_ONLY = ("tags", "taggings", "campaigns")
WITH_CREATOR_EMBEDDED = ("petitions", "forms", "fundraising_pages", "advocacy_campaigns", "surveys")
BACKGROUND = ("people", *RECORDS, "taggings")


def _emails(record: Record) -> list[str]:
    return [entry["address"].casefold() for entry in record.get("email_addresses", ()) if entry.get("address")]


FIELDS: dict[str, Values] = {
    "identifier": lambda record: record["identifiers"],
    "email_address": _emails,
    "phone_number": by_each("phone_numbers", "number"),
    **{name: by_each("postal_addresses", name) for name in ("region", "postal_code")},
    "person": by("_person"),
    "parent": by("_parent"),
    "event_campaign": by("action_network:event_campaign_id"),
    **{name: by(name) for name in ("family_name", "given_name", "origin_system", "title", "name")},
    **{name: by(name) for name in ("created_date", "modified_date", "start_date", "end_date")},
}
RESOURCES = {
    name: Resource("modified_date", FIELDS, f"Couldn't find {kind.one} with id = {{}}") for name, kind in KINDS.items()
}
RESOURCES["custom_fields"] = Resource("modified_date", FIELDS)
TERM = re.compile(r"\s*(\w+)\s+(eq|gt|lt)\s+'((?:[^']|'')*)'\s*")


def read_filter(kind: Kind, text: str) -> list[Condition] | None:
    """The conditions of a filter, None for one that the vendor does not understand."""
    conditions: list[Condition] = []
    position = 0
    while match := TERM.match(text, position):
        name, operator, value = match[1], match[2], _comparable(match[1], match[3].replace("''", "'"))
        if name not in kind.filters or value is None:
            return None
        conditions.append((name, operator, value))
        position = match.end()
        if position == len(text):
            return conditions
        if not text.startswith("and ", position):
            return None
        position += len("and ")
    return None


def _comparable(name: str, value: str) -> str | None:
    """A filter's value as the index has it, None if it is none of the field's."""
    if name == "email_address":
        return value.casefold()
    if name == "phone_number":
        return international(value)
    return utc(value) if name.endswith("_date") else value


def international(number: Any) -> str | None:
    """A number as it is stored: international digits; ten digits are taken for a national one of the US."""
    digits = re.sub(r"\D", "", number) if isinstance(number, str) else ""
    if len(digits) == 10:
        return f"1{digits}"
    return digits if 11 <= len(digits) <= 15 else None
