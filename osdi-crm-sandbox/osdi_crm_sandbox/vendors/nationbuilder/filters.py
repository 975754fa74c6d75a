"""Filters: of attributes by their kind's operators, and those that are no attributes."""

from __future__ import annotations

import json
import math
import operator
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.records import COMPARE, Condition, Record
from osdi_crm_sandbox.vendor import Refusal
from osdi_crm_sandbox.vendors.nationbuilder.resources import ADDRESSES, RESOURCES, Attribute, Kind, comparable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from osdi_crm_sandbox.accounts import Account

ENUM = ("eq", "not_eq", "eql", "not_eql")
OPERATORS = {
    **dict.fromkeys(("integer", "decimal", "id", "date", "datetime"), ("eq", "not_eq", "gt", "gte", "lt", "lte")),
    "string": (*ENUM, "prefix", "not_prefix", "suffix", "not_suffix", "match", "not_match"),
    "boolean": ("eq",),
    "object": ("eq",),
}
RANGE = {"eq": "eq", "gt": "gt", "gte": "ge", "lt": "lt", "lte": "le"}
"""Operators that an index answers."""
TEXTS: dict[str, Callable[[str, str], bool]] = {
    "eql": operator.eq,
    "prefix": str.startswith,
    "suffix": str.endswith,
    "match": operator.contains,
}
"""Operators that compare texts; all but eql ignore case."""

ID = Attribute("id", "id")
BY_KEY = {"signups": ("page_id", "broadcaster_id"), "event_rsvps": ("event_ticket_level_id",)}
"""Filters on foreign keys that are no attributes: links in answers need them."""
EMAIL_OPERATORS = ("eq", "match", "not_match", "prefix", "not_prefix", "suffix", "not_suffix")
EARTH_RADIUS = 3959
"""In miles."""


@dataclass(frozen=True)
class Filter:
    """One filter.

    Attributes:
        either: its alternatives, each of conditions that an index answers; none where `test` decides.
        test: whether a record passes.
    """

    either: tuple[tuple[Condition, ...], ...]
    test: Callable[[Record], bool]


def read_filter(account: Account, kind: Kind, parts: list[str], text: str) -> Filter:
    """The filter of a parameter filter[name][operator]=text.

    Raises:
        Refusal: 400 for what the vendor does not know.
    """
    name, how = parts[0], parts[1] if len(parts) > 1 else "eq"
    if len(parts) > 2:
        raise Refusal(400, f"filter[{']['.join(parts)}] is not supported")
    if name in SPECIAL.get(kind.name, {}):
        allowed, special = SPECIAL[kind.name][name]
        _check_operator(name, how, allowed)
        return special(account, how, text)
    name, attribute = _filterable(kind, name)
    _check_operator(name, how, ENUM if attribute.values and attribute.kind == "string" else OPERATORS[attribute.kind])
    if attribute.kind == "object":
        return _custom_values(text)
    if attribute.kind == "string" and how not in ("eq", "not_eq"):
        return _texts(lambda record: [record.get(name, attribute.default)], how, text)
    values = [_comparable(attribute, value) for value in _split(text)]
    fields = RESOURCES[kind.name].fields
    if how == "not_eq":
        return _none_of(name, fields[name], values)
    not_null: list[Condition] = [(name, "gt", "")] if how in ("lt", "lte") else []
    return _by_index(fields, *((((name, RANGE[how], value)), *not_null) for value in values))


def _filterable(kind: Kind, name: str) -> tuple[str, Attribute]:
    """The field and the attribute of a filter."""
    attribute = ID if name == "id" else kind.attributes.get(name)
    if name in BY_KEY.get(kind.name, ()):
        return f"_{name}", ID
    if attribute is None or name not in RESOURCES[kind.name].fields:
        raise Refusal(400, f"Tried to filter on attribute :{name}, but could not find an attribute with that name.")
    if attribute.kind == "object" and name != "custom_values":
        raise Refusal(400, f"Tried to filter on attribute :{name}, but the attribute is not filterable.")
    return name, attribute


def _check_operator(name: str, how: str, allowed: Sequence[str]) -> None:
    if how not in allowed:
        words = f"Tried to filter on attribute :{name} using operator :{how}, but only {', '.join(allowed)} exist."
        raise Refusal(400, words)


def _split(text: str) -> list[str]:
    """Values between commas; {{ }} holds commas together."""
    values = [held or plain for held, plain in re.findall(r"\{\{(.*?)\}\}|([^,]+)", text)]
    return values or [""]


def _refused(name: str, text: str, kind: str) -> Refusal:
    return Refusal(400, f"{name}: invalid value {text!r} for type {kind}")


def _comparable(attribute: Attribute, text: str) -> str:
    if text == "null":
        return ""
    try:
        value = _typed(attribute.kind, text)
    except (ValueError, InvalidOperation):
        value = None
    if value is None or (attribute.values and value not in attribute.values):
        raise _refused(attribute.name, text, attribute.kind)
    return comparable(attribute.kind, value)


def _typed(kind: str, text: str) -> Any:
    match kind:
        case "integer" | "id":
            return int(text)
        case "datetime":
            return moment(text)
        case "decimal":
            return Decimal(text)
        case "date":
            return date.fromisoformat(text).isoformat()
        case "boolean":
            return {"true": True, "false": False}.get(text)
    return text


def moment(text: str) -> int:
    """The unix time of an ISO-8601 time; without an offset it is UTC.

    Raises:
        ValueError: it is none.
    """
    parsed = datetime.fromisoformat(text)
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() // 1)


def _by_index(fields: Any, *either: tuple[Condition, ...]) -> Filter:
    def test(record: Record) -> bool:
        return any(
            all(any(COMPARE[how](own, value) for own in fields[name](record)) for name, how, value in all_of)
            for all_of in either
        )

    return Filter(either, test)


def _none_of(name: str, values_of: Callable[[Record], Iterable[str]], values: list[str]) -> Filter:
    if values == [""]:
        return Filter((((name, "gt", ""),),), lambda record: any(values_of(record)))
    return Filter((), lambda record: all(own and own not in values for own in values_of(record)))


def _texts(values_of: Callable[[Record], list[str | None]], how: str, text: str) -> Filter:
    """Whether one of a record's texts is like one of the values; by a negative, none, and none of them null."""
    is_exact, alike = how.endswith("eql"), TEXTS[how.removeprefix("not_")]
    wanted = [None if value == "null" and is_exact else value for value in _split(text)]

    def hits(own: str | None, value: str | None) -> bool:
        if own is None or value is None:
            return own is value
        return alike(own, value) if is_exact else alike(own.casefold(), value.casefold())

    def test(record: Record) -> bool:
        owns = values_of(record)
        found = any(hits(own, value) for own in owns for value in wanted)
        return not found and None not in owns if how.startswith("not_") else found

    return Filter((), test)


def _custom_values(text: str) -> Filter:
    try:
        wanted = json.loads(f"[{text}]")
    except ValueError:
        wanted = []
    if not wanted or not all(isinstance(entry, dict) for entry in wanted):
        raise _refused("custom_values", text, "hash")

    def same(own: Any, value: Any) -> bool:
        if isinstance(own, bool) or isinstance(value, bool) or not isinstance(own, int | float):
            return str(own).casefold() == str(value).casefold()
        try:
            return own == float(value)
        except (TypeError, ValueError):
            return False

    def test(record: Record) -> bool:
        own = record.get("custom_values") or {}
        return any(all(same(own.get(slug), value) for slug, value in entry.items()) for entry in wanted)

    return Filter((), test)


# Filters that are no attributes (docs/v2, signups and signup_tags)


def _emails(_account: Account, how: str, text: str) -> Filter:
    if how == "eq":
        values = [comparable("string", value) for value in _split(text)]
        return _by_index(RESOURCES["signups"].fields, *((("with_email_address", "eq", value),) for value in values))
    names = ("email", *(f"email{slot}" for slot in (1, 2, 3, 4)))
    return _texts(lambda record: [record[name] for name in names if record.get(name)], how, text)


def _bouncing(_account: Account, _how: str, text: str) -> Filter:
    if text not in ("true", "false"):
        raise _refused("with_bouncing_email", text, "boolean")
    names = [f"email{slot}_is_bouncing" for slot in (1, 2, 3, 4)]
    return Filter((), lambda record: any(record.get(name) for name in names) is (text == "true"))


def _tagged(by: str, own: str) -> Callable[[Account, str, str], Filter]:
    def read(account: Account, _how: str, text: str) -> Filter:
        taggings = account.tables["signup_taggings"]
        values = [_comparable(ID, value) for value in _split(text)]
        keys = {taggings.records[tagging][own] for value in values for tagging in taggings.find(by, value)}
        either = tuple((("id", "eq", comparable("id", key)),) for key in sorted(keys, key=int))
        return Filter(either or ((("id", "eq", "none"),),), lambda record: record["id"] in keys)

    return read


def primary_address(record: Record) -> Record | None:
    """The first address that a signup has."""
    return next((record[f"{kind}_address"] for kind in ADDRESSES if record.get(f"{kind}_address")), None)


def _nearby(_account: Account, _how: str, text: str) -> Filter:
    try:
        asked = json.loads(text)
        latitude, longitude = (float(part) for part in asked["location"].split(","))
        distance = float(asked["distance"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refused("nearby", text, "hash") from error

    def test(record: Record) -> bool:
        address = primary_address(record) or {}
        if not address.get("lat") or not address.get("lng"):
            return False
        here, there = math.radians(latitude), math.radians(float(address["lat"]))
        across = math.radians(float(address["lng"]) - longitude)
        arc = math.sin(here) * math.sin(there) + math.cos(here) * math.cos(there) * math.cos(across)
        return math.acos(max(-1.0, min(1.0, arc))) * EARTH_RADIUS <= distance

    return Filter((), test)


SPECIAL: dict[str, dict[str, tuple[Sequence[str], Callable[[Account, str, str], Filter]]]] = {
    "signups": {
        "with_email_address": (EMAIL_OPERATORS, _emails),
        "with_bouncing_email": (("eq",), _bouncing),
        "tag_id": (("eq",), _tagged("tag_id", "signup_id")),
        "nearby": (("eq",), _nearby),
    },
    "signup_tags": {"signup_id": (("eq",), _tagged("signup_id", "tag_id"))},
}
