"""What there is at Action Network: resources, their properties that are written, and their filters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Record, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from osdi_crm_sandbox.records import Condition


API = "/api/v2"
SITE = "https://actionnetwork.org"
NATIVE = "action_network:"
MAX_PER_PAGE = 25
HERE = "Action Network"
CURIES = [
    {"name": "osdi", "href": f"{SITE}/docs/v2/{{rel}}", "templated": True},
    {"name": "action_network", "href": f"{SITE}/docs/v2/{{rel}}", "templated": True},
]
OPTIONS: dict[str, Any] = {
    "identifiers": "native_first",  # or "foreign_first", "empty"
    "child_next": True,  # False: child collections that fit on one page carry no `next`
    "next_repeats": False,  # the last page's `next` is that page again
    "next_host": None,  # `next` leads to this scheme and host instead
    "empty_page_embedded": True,  # False: no `_embedded` on a page without resources
    "attendances_key": "osdi:attendances",  # or "osdi:attendance"
    "typos": False,  # submissions with `action:person_id`, responses whose person link says surveys
    "revoked": None,  # 403 or 401: what every call is answered with
    "group": True,  # False: the key of a personal list, without tags and campaigns
    "identifier_clash": "refuse",  # a foreign identifier that another record holds; or "ignore"
    "tag_redirect": 302,  # status of POST /tags for a name that exists
    "event_status_writable": False,  # whether a PUT changes an event's status
    "unknown_custom_fields": "create",  # or "drop"
    "unique_ids": "replace",  # what a PUT does to a list's members; or "append"
    "message_seconds": 30.0,  # a message may be created or retargeted once in so many seconds
    "calculating_seconds": 1.0,  # how long a message's targeting takes
}
PEOPLE_FILTERS = (
    *("identifier", "created_date", "modified_date", "family_name", "given_name"),
    *("email_address", "phone_number", "region", "postal_code"),
)
RECORD_FILTERS = ("identifier", "created_date", "modified_date")
ACTION_FILTERS = (*RECORD_FILTERS, "origin_system", "title")
ACTION_FIELDS = ("title", "name", "description", "browser_url", "tag_list")
EVENT_FIELDS = (
    *("instructions", "start_date", "end_date", "status", "visibility", "guests_can_invite_others"),
    *("capacity", "location"),
)


@dataclass(frozen=True)
class Kind:
    """A resource.

    Attributes:
        name: in paths.
        rel: its key in `_embedded`.
        one: in error texts.
        filters: documented ones.
        totals: whether collections tell how many there are.
        write: what POST and PUT take; a helper's own keys.
        fixed: what only POST takes.
        parent: the action that a record belongs to.
        per_person: a repeat by the same person replaces the earlier record.
        total: the parent's counter.
    """

    name: str
    rel: str
    one: str
    filters: tuple[str, ...] = ()
    totals: bool = True
    write: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    parent: str = ""
    per_person: bool = False
    total: str = ""


def _action(name: str, rel: str, one: str, *write: str, fixed: tuple[str, ...] = ()) -> Kind:
    filters = (*ACTION_FILTERS, "start_date", "end_date") if name == "events" else ACTION_FILTERS
    return Kind(name, rel, one, filters, write=(*ACTION_FIELDS, *write), fixed=("origin_system", *fixed))


def _record(name: str, rel: str, parent: str, total: str, *write: str, per_person: bool = True) -> Kind:
    fixed = ("created_date", "action_network:referrer_data")
    one = name.removesuffix("es") if name == "outreaches" else name.removesuffix("s")
    return Kind(name, rel, one, RECORD_FILTERS, True, write, fixed, parent, per_person, total)


PEOPLE = Kind("people", "osdi:people", "person", PEOPLE_FILTERS, totals=False)
ACTIONS = {
    kind.name: kind
    for kind in (
        _action("petitions", "osdi:petitions", "petition", "petition_text", "target"),
        _action("events", "osdi:events", "event", *EVENT_FIELDS),
        _action("forms", "osdi:forms", "form", "call_to_action"),
        _action("fundraising_pages", "osdi:fundraising_pages", "fundraising page"),
        _action("advocacy_campaigns", "osdi:advocacy_campaigns", "advocacy campaign", "targets", fixed=("type",)),
        _action("surveys", "action_network:surveys", "survey", "call_to_action"),
        _action(
            "event_campaigns", "action_network:event_campaigns", "event campaign", "host_pitch", "host_instructions"
        ),
    )
}
RECORDS = {
    kind.name: kind
    for kind in (
        _record("signatures", "osdi:signatures", "petitions", "total_signatures", "comments"),
        _record("attendances", "osdi:attendances", "events", "total_accepted", "status"),
        _record("submissions", "osdi:submissions", "forms", "total_submissions"),
        _record("donations", "osdi:donations", "fundraising_pages", "total_donations", per_person=False),
        _record(
            "outreaches",
            "osdi:outreaches",
            "advocacy_campaigns",
            "total_outreaches",
            *("subject", "message", "duration", "targets"),
            per_person=False,
        ),
        _record("responses", "action_network:responses", "surveys", "total_responses"),
    )
}
RECORD_OF = {kind.parent: kind for kind in RECORDS.values()}
TAGGINGS = Kind("taggings", "osdi:taggings", "tagging", parent="tags")
ITEMS = Kind("items", "osdi:items", "item", totals=False, parent="lists")
CAMPAIGNS = Kind("campaigns", "action_network:campaigns", "campaign", ACTION_FILTERS)
TAGS = Kind("tags", "osdi:tags", "tag")
LISTS = Kind("lists", "osdi:lists", "list")
MESSAGES = Kind(
    "messages",
    "osdi:messages",
    "message",
    write=("name", "subject", "body", "from", "reply_to", "targets", "tag_list"),
    fixed=("origin_system",),
)
QUERIES = Kind("queries", "osdi:queries", "query")
WRAPPERS = Kind("wrappers", "osdi:wrappers", "wrapper")
UNIQUE_ID_LISTS = Kind("unique_id_lists", "action_network:unique_id_lists", "unique ID list")
KINDS = {
    kind.name: kind
    for kind in (
        *(PEOPLE, *ACTIONS.values(), *RECORDS.values(), CAMPAIGNS, TAGS, TAGGINGS, LISTS, ITEMS),
        *(MESSAGES, QUERIES, WRAPPERS, UNIQUE_ID_LISTS),
    )
}
TOP_LEVEL = [kind for kind in KINDS.values() if not kind.parent or kind.name == "donations"]
GROUP_ONLY = ("tags", "taggings", "campaigns")
WITH_CREATOR_EMBEDDED = ("petitions", "forms", "fundraising_pages", "advocacy_campaigns", "surveys")
BACKGROUND = ("people", *RECORDS, "taggings")


def _dates(name: str, record: Record) -> Iterable[str]:
    return (record[name],) if record.get(name) else ()


def _texts(name: str, record: Record) -> Iterable[str]:
    return (str(record[name]),) if record.get(name) is not None else ()


def _emails(record: Record) -> Iterable[str]:
    return [entry["address"].casefold() for entry in record.get("email_addresses", ()) if entry.get("address")]


def _phones(record: Record) -> Iterable[str]:
    return [entry["number"] for entry in record.get("phone_numbers", ()) if entry.get("number")]


def _address_parts(name: str, record: Record) -> Iterable[str]:
    return [entry[name] for entry in record.get("postal_addresses", ()) if entry.get(name)]


FIELDS: dict[str, Callable[[Record], Iterable[str]]] = {
    "identifier": lambda record: record["identifiers"],
    "email_address": _emails,
    "phone_number": _phones,
    "region": partial(_address_parts, "region"),
    "postal_code": partial(_address_parts, "postal_code"),
    "person": partial(_texts, "_person"),
    "parent": partial(_texts, "_parent"),
    "event_campaign": partial(_texts, "action_network:event_campaign_id"),
    **{name: partial(_texts, name) for name in ("family_name", "given_name", "origin_system", "title", "name")},
    **{name: partial(_dates, name) for name in ("created_date", "modified_date", "start_date", "end_date")},
}
RESOURCES = {name: Resource("modified_date", FIELDS) for name in (*KINDS, "custom_fields")}
TERM = re.compile(r"\s*(\w+)\s+(eq|gt|lt)\s+'((?:[^']|'')*)'\s*")


def read_filter(kind: Kind, text: str) -> list[Condition] | None:
    """The conditions of a filter, None for one that the vendor does not understand."""
    conditions: list[Condition] = []
    position = 0
    while match := TERM.match(text, position):
        name, operator, value = match[1], match[2], comparable(match[1], match[3].replace("''", "'"))
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


def comparable(name: str, value: str) -> str | None:
    """A filter's value as the index has it, None if it is none of the field's."""
    if name == "email_address":
        return value.casefold()
    if name == "phone_number":
        return international(value)
    if not name.endswith("_date"):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def international(number: Any) -> str | None:
    """A number as it is stored: international digits; ten digits are taken for a national one of the US."""
    digits = re.sub(r"\D", "", number) if isinstance(number, str) else ""
    if len(digits) == 10:
        return f"1{digits}"
    return digits if 11 <= len(digits) <= 15 else None
