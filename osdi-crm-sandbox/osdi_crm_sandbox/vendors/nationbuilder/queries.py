"""Query parameters: filters, sort, pages, fields and includes, and the records they choose."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.records import COMPARE, Condition, Selection, Table
from osdi_crm_sandbox.vendor import Call, Record, Refusal
from osdi_crm_sandbox.vendors.nationbuilder.resources import KINDS, RESOURCES, Attribute, Kind, Relation, comparable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from osdi_crm_sandbox.accounts import Account

PAGE_SIZE, MAX_PAGE_SIZE = 20, 100

STRING = ("eq", "not_eq", "eql", "not_eql", "prefix", "not_prefix", "suffix", "not_suffix", "match", "not_match")
ORDERED = ("eq", "not_eq", "gt", "gte", "lt", "lte")
ENUM = ("eq", "not_eq", "eql", "not_eql")
OPERATORS = {
    **dict.fromkeys(("integer", "decimal", "id", "date", "datetime"), ORDERED),
    "string": STRING,
    "boolean": ("eq",),
    "object": ("eq",),
}
RANGE = {"eq": "eq", "gt": "gt", "gte": "ge", "lt": "lt", "lte": "le"}
"""Operators that an index answers."""

ID = Attribute("id", "id", "", "ro", nullable=False, default=None, values=())
BY_KEY = {"signups": ("page_id", "broadcaster_id"), "event_rsvps": ("event_ticket_level_id",)}
"""Filters on foreign keys that are no attributes: links in answers need them."""
EMAIL_OPERATORS = ("eq", "match", "not_match", "prefix", "not_prefix", "suffix", "not_suffix")
EARTH_RADIUS = 3959
"""In miles."""

Tree = dict[str, Any]
"""Names of relationships to include, each with what to include of those."""


@dataclass(frozen=True)
class Filter:
    """One filter.

    Attributes:
        either: its alternatives, each of conditions that an index answers; none where `test` decides.
        test: whether a record passes.
    """

    either: tuple[tuple[Condition, ...], ...]
    test: Callable[[Record], bool]


@dataclass
class Query:
    """The parameters of a call.

    Attributes:
        filters: of the records asked for.
        nested: filters of included records, by type.
        sort: attributes, and whether from the highest.
        page, size: of the page asked for, counted from one.
        child_pages: page and size of included records, by type.
        fields: sparse fieldsets by type.
        extra: extra fields asked for by type.
        include: what to include.
        total: whether to count.
    """

    filters: list[Filter] = field(default_factory=list)
    nested: dict[str, list[Filter]] = field(default_factory=dict)
    sort: list[tuple[str, bool]] = field(default_factory=list)
    page: int = 1
    size: int = PAGE_SIZE
    child_pages: dict[str, tuple[int, int]] = field(default_factory=dict)
    fields: dict[str, frozenset[str]] = field(default_factory=dict)
    extra: dict[str, frozenset[str]] = field(default_factory=dict)
    include: Tree = field(default_factory=dict)
    total: bool = False


PARAMETER = re.compile(r"(\w+)((?:\[[^\[\]]*\])*)")


def parse(call: Call, kind: Kind, *, listing: bool, plain: bool = False) -> Query:
    """The query of a call.

    Args:
        call: the call.
        kind: what it asks for.
        listing: it asks for a collection.
        plain: neither filters nor sort are taken.

    Raises:
        Refusal: 400 for what the vendor does not know.
    """
    query = Query()
    for name, text in call.query.items():
        match = PARAMETER.fullmatch(name)
        if match is None:
            continue
        parts = re.findall(r"\[([^\[\]]*)\]", match[2])
        if match[1] in ("filter", "sort") and plain:
            raise Refusal(400, f"{name} is not supported here")
        if match[1] == "filter" and parts:
            _add_filter(query, call.account, kind, parts, text, listing=listing)
        elif match[1] == "page":
            _set_page(query, parts, text, listing=listing)
        else:
            _set(query, kind, match[1], parts, text)
    return query


def _set(query: Query, kind: Kind, name: str, parts: list[str], text: str) -> None:
    match name:
        case "sort":
            query.sort = [_sort(kind, term) for term in text.split(",") if term]
        case "fields" | "extra_fields" if len(parts) == 1:
            sets = query.fields if name == "fields" else query.extra
            sets[parts[0]] = frozenset(text.split(","))
        case "include":
            query.include = _tree(kind, text)
        case "stats":
            if parts != ["total"] or text != "count":
                raise Refusal(400, f"Requested stat {parts} {text} is not supported")
            query.total = True


def _set_page(query: Query, parts: list[str], text: str, *, listing: bool) -> None:
    number = int(text) if text.isdecimal() else 0
    if number < 1 or (parts[-1:] == ["size"] and number > MAX_PAGE_SIZE):
        raise Refusal(400, f"page[{']['.join(parts)}]={text} is not supported: sizes are 1 to {MAX_PAGE_SIZE}")
    if parts == ["number"]:
        query.page = number
    elif parts == ["size"]:
        query.size = number
    elif len(parts) == 2 and parts[0] in KINDS and parts[1] in ("number", "size"):
        if listing:
            raise Refusal(400, "Requesting a page of included records is not supported for more than one parent")
        page, size = query.child_pages.get(parts[0], (1, PAGE_SIZE))
        query.child_pages[parts[0]] = (number, size) if parts[1] == "number" else (page, number)
    else:
        raise Refusal(400, f"page[{']['.join(parts)}] is not supported")


def _sort(kind: Kind, term: str) -> tuple[str, bool]:
    name = term.removeprefix("-")
    attribute = kind.attributes.get(name, ID if name == "id" else None)
    if attribute is None or name not in RESOURCES[kind.name].fields or attribute.kind == "object":
        raise Refusal(400, f"Tried to sort on attribute :{name}, but could not find an attribute with that name.")
    return name, term.startswith("-")


def _tree(kind: Kind, text: str) -> Tree:
    tree: Tree = {}
    for path in text.split(","):
        branch, here = tree, kind
        for name in path.split("."):
            relation = here.relations.get(name)
            if relation is None:
                words = f'The requested included relationship "{name}" is not supported on resource "{here.name}"'
                raise Refusal(400, words)
            branch = branch.setdefault(name, {})
            here = KINDS.get(relation.to, here)
    return tree


# Filters


def _add_filter(query: Query, account: Account, kind: Kind, parts: list[str], text: str, *, listing: bool) -> None:
    if parts[0] in KINDS and parts[0] not in kind.attributes and len(parts) > 1:
        inner = KINDS[parts[0]]
        query.nested.setdefault(inner.name, []).append(_filter(account, inner, parts[1:], text))
    elif listing:
        query.filters.append(_filter(account, kind, parts, text))
    else:
        raise Refusal(400, f"filter[{parts[0]}] is not supported for a single record")


def _filter(account: Account, kind: Kind, parts: list[str], text: str) -> Filter:
    name, operator = parts[0], parts[1] if len(parts) > 1 else "eq"
    if len(parts) > 2:
        raise Refusal(400, f"filter[{']['.join(parts)}] is not supported")
    special = _special(account, kind, name, operator, text)
    if special:
        return special
    name, attribute = _filterable(kind, name)
    allowed = ENUM if attribute.values and attribute.kind == "string" else OPERATORS[attribute.kind]
    _check_operator(name, operator, allowed)
    if attribute.kind == "object":
        return _custom_values_filter(text)
    if attribute.kind == "string" and operator not in ("eq", "not_eq"):
        return _text_filter(name, attribute, operator, text)
    values = [_comparable(attribute, value) for value in _split(text)]
    if operator == "not_eq":
        return _none_of(name, RESOURCES[kind.name].fields[name], values)
    either = []
    for value in values:
        conditions: list[Condition] = [(name, RANGE[operator], value)]
        if operator in ("lt", "lte"):
            conditions.append((name, "gt", ""))
        either.append(tuple(conditions))
    return Filter(tuple(either), _fulfils(RESOURCES[kind.name].fields, tuple(either)))


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


def _check_operator(name: str, operator: str, allowed: Sequence[str]) -> None:
    if operator not in allowed:
        words = f"Tried to filter on attribute :{name} using operator :{operator}, but only {', '.join(allowed)} exist."
        raise Refusal(400, words)


Fields = Any


def _fulfils(fields: Fields, either: tuple[tuple[Condition, ...], ...]) -> Callable[[Record], bool]:
    def test(record: Record) -> bool:
        return any(
            all(any(COMPARE[operator](own, value) for own in fields[name](record)) for name, operator, value in all_of)
            for all_of in either
        )

    return test


def _none_of(name: str, values_of: Callable[[Record], Iterable[str]], values: list[str]) -> Filter:
    if values == [""]:
        return Filter((((name, "gt", ""),),), lambda record: any(values_of(record)))
    return Filter((), lambda record: all(own and own not in values for own in values_of(record)))


def _split(text: str) -> list[str]:
    """Values between commas; {{ }} holds commas together."""
    values = [held or plain for held, plain in re.findall(r"\{\{(.*?)\}\}|([^,]+)", text)]
    return values or [""]


def _comparable(attribute: Attribute, text: str) -> str:
    if text == "null":
        return ""
    try:
        value = _typed(attribute, text)
    except (ValueError, InvalidOperation):
        value = None
    if value is None or (attribute.values and value not in attribute.values):
        raise Refusal(400, f"{attribute.name}: invalid value {text!r} for type {attribute.kind}")
    return comparable(attribute.kind, value)


def _typed(attribute: Attribute, text: str) -> Any:
    if attribute.kind in ("integer", "id"):
        return int(text)
    if attribute.kind == "datetime":
        return moment(text)
    if attribute.kind == "decimal":
        return Decimal(text)
    if attribute.kind == "date":
        return date.fromisoformat(text).isoformat()
    if attribute.kind == "boolean":
        return {"true": True, "false": False}.get(text)
    return text


def moment(text: str) -> int:
    """The unix time of an ISO-8601 time; without an offset it is UTC.

    Raises:
        ValueError: it is none.
    """
    parsed = datetime.fromisoformat(text)
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() // 1)


def _text_filter(name: str, attribute: Attribute, operator: str, text: str) -> Filter:
    values = [None if value == "null" and "eql" in operator else value for value in _split(text)]

    def hit(own: str | None, value: str | None) -> bool:
        if own is None or value is None:
            return own is value
        if operator.endswith("eql"):
            return own == value
        own, value = own.casefold(), value.casefold()
        if operator.endswith("prefix"):
            return own.startswith(value)
        return own.endswith(value) if operator.endswith("suffix") else value in own

    def test(record: Record) -> bool:
        own = record.get(name, attribute.default)
        found = any(hit(own, value) for value in values)
        return not found and own is not None if operator.startswith("not_") else found

    return Filter((), test)


def _custom_values_filter(text: str) -> Filter:
    try:
        wanted = json.loads(f"[{text}]")
        if not wanted or not all(isinstance(entry, dict) for entry in wanted):
            raise ValueError(text)  # noqa: TRY301
    except ValueError as error:
        raise Refusal(400, f"custom_values: invalid value {text!r} for type hash") from error

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


def _special(account: Account, kind: Kind, name: str, operator: str, text: str) -> Filter | None:
    """Filters that are no attributes (docs/v2, signups and signup_tags)."""
    if kind.name == "signups" and name == "with_email_address":
        _check_operator(name, operator, EMAIL_OPERATORS)
        return _email_filter(operator, text)
    known = {"signups": ("with_bouncing_email", "tag_id", "nearby"), "signup_tags": ("signup_id",)}
    if name not in known.get(kind.name, ()):
        return None
    _check_operator(name, operator, ("eq",))
    if name == "with_bouncing_email":
        if text not in ("true", "false"):
            raise Refusal(400, f"{name}: invalid value {text!r} for type boolean")
        return Filter((), lambda record: _bounces(record) is (text == "true"))
    if name == "nearby":
        return _nearby_filter(text)
    own = "tag_id" if name == "signup_id" else "signup_id"
    taggings = account.tables["signup_taggings"]
    keys = {
        taggings.records[tagging][own]
        for value in _split(text)
        for tagging in taggings.find(name, _comparable(ID, value))
    }
    either = tuple((("id", "eq", comparable("id", key)),) for key in sorted(keys, key=int))
    return Filter(either or ((("id", "eq", "none"),),), lambda record: record["id"] in keys)


def _email_filter(operator: str, text: str) -> Filter:
    values_of = RESOURCES["signups"].fields["with_email_address"]
    values = [comparable("string", value) for value in _split(text)]
    if operator == "eq":
        either = tuple((("with_email_address", "eq", value),) for value in values)
        return Filter(either, _fulfils(RESOURCES["signups"].fields, either))

    def hit(own: str, value: str) -> bool:
        if operator.endswith("prefix"):
            return own.startswith(value)
        return own.endswith(value[1:]) if operator.endswith("suffix") else value[1:] in own[1:]

    def test(record: Record) -> bool:
        found = any(hit(own, value) for own in values_of(record) for value in values)
        return found is not operator.startswith("not_")

    return Filter((), test)


def _bounces(record: Record) -> bool:
    return any(record.get(f"email{slot}_is_bouncing") for slot in (1, 2, 3, 4))


ADDRESSES = ("home", "mailing", "billing", "work", "registered", "user_submitted")


def primary_address(record: Record) -> Record | None:
    """The first address that a signup has."""
    return next((record[f"{kind}_address"] for kind in ADDRESSES if record.get(f"{kind}_address")), None)


def _nearby_filter(text: str) -> Filter:
    try:
        asked = json.loads(text)
        latitude, longitude = (float(part) for part in asked["location"].split(","))
        distance = float(asked["distance"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Refusal(400, f"nearby: invalid value {text!r} for type hash") from error

    def test(record: Record) -> bool:
        address = primary_address(record) or {}
        if not address.get("lat") or not address.get("lng"):
            return False
        here, there = math.radians(latitude), math.radians(float(address["lat"]))
        across = math.radians(float(address["lng"]) - longitude)
        arc = math.sin(here) * math.sin(there) + math.cos(here) * math.cos(there) * math.cos(across)
        return math.acos(max(-1.0, min(1.0, arc))) * EARTH_RADIUS <= distance

    return Filter((), test)


# Choosing


class FromTheEnd:
    """A selection from its last id to its first."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection

    def __len__(self) -> int:
        return len(self._selection)

    def page(self, number: int, size: int) -> list[str]:
        """The ids of a page, counted from one."""
        stop = self._selection.stop - (number - 1) * size
        start = max(self._selection.start, stop - size)
        return [entry[2] for entry in reversed(self._selection.entries[start : max(start, stop)])]


class Chosen:
    """A list of ids."""

    def __init__(self, keys: list[str]) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def page(self, number: int, size: int) -> list[str]:
        """The ids of a page, counted from one."""
        return self._keys[(number - 1) * size : number * size]


def choose(
    table: Table, filters: Sequence[Filter], sort: Sequence[tuple[str, bool]]
) -> Selection | FromTheEnd | Chosen:
    """The ids that pass the filters, sorted; without a sort in an arbitrary order that moves what was changed.

    What an index answers costs no more for a page of a million records than for one of a hundred.
    """
    conditions = [condition for one in filters if len(one.either) == 1 for condition in one.either[0]]
    choices = [one for one in filters if len(one.either) > 1]
    tests = [one.test for one in filters if not one.either] + [one.test for one in choices[1:]]
    live = not filters
    if not choices and not tests:
        if not sort:
            return table.select(conditions, live=live)
        if len(sort) == 1:
            selection = table.select(conditions, live=live, order=sort[0][0])
            return FromTheEnd(selection) if sort[0][1] else selection
        composed = _composed(table, conditions, sort)
        if composed is not None:
            return table.select(composed, live=live, order=f"{sort[0][0]},id")
    alternatives = choices[0].either if choices else ((),)
    found = {key: None for one in alternatives for key in table.select([*conditions, *one], live=live)}
    keys = [key for key in found if all(test(table.found(key)) for test in tests)]
    for name, down in reversed(sort):
        values = table.resource.fields[name]
        keys.sort(key=lambda key: next(iter(values(table.found(key)))), reverse=down)
    return Chosen(keys)


def _composed(table: Table, conditions: list[Condition], sort: Sequence[tuple[str, bool]]) -> list[Condition] | None:
    """The conditions on a time said of the index of that time and the id; records without a time are none there."""
    name = sort[0][0]
    both = f"{name},id"
    sorts_by_it = both in table.resource.fields and list(sort) == [(name, False), ("id", False)]
    bounds = [condition for condition in conditions if condition != (name, "gt", "")]
    if not sorts_by_it or any(field != name or not value for field, _, value in bounds):
        return None
    composed: list[Condition] = []
    for _, operator, value in bounds:
        if operator in ("eq", "ge"):
            composed.append((both, "ge", value))
        if operator in ("eq", "le"):
            composed.append((both, "lt", f"{value}~"))
        if operator == "gt":
            composed.append((both, "ge", f"{value}~"))
        if operator == "lt":
            composed.append((both, "lt", value))
    return composed


def related(account: Account, relation: Relation, key: str, record: Record) -> list[str]:
    """The ids at the other end of a record's relationship."""
    table = account.tables[relation.to]
    if relation.through:
        taggings = account.tables[relation.through]
        joins = taggings.find(relation.own, comparable("id", key))
        found = [taggings.records[join][relation.key] for join in joins]
    elif relation.child:
        found = table.find(relation.key, comparable("id", key))
    else:
        found = [record[relation.key]] if record.get(relation.key) is not None else []
    return sorted((other for other in found if other in table.records), key=int)
