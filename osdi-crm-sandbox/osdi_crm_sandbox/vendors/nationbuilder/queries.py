"""Query parameters: filters, sort, pages, fields and includes, and the records they choose."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.records import Selection
from osdi_crm_sandbox.vendor import Call, Refusal
from osdi_crm_sandbox.vendors.nationbuilder.filters import ID, Filter, read_filter
from osdi_crm_sandbox.vendors.nationbuilder.resources import KINDS, RESOURCES, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Condition, Table

PAGE_SIZE, MAX_PAGE_SIZE = 20, 100

Tree = dict[str, Any]
"""Names of relationships to include, each with what to include of those."""


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


def _add_filter(query: Query, account: Account, kind: Kind, parts: list[str], text: str, *, listing: bool) -> None:
    if parts[0] in KINDS and parts[0] not in kind.attributes and len(parts) > 1:
        inner = KINDS[parts[0]]
        query.nested.setdefault(inner.name, []).append(read_filter(account, inner, parts[1:], text))
    elif listing:
        query.filters.append(read_filter(account, kind, parts, text))
    else:
        raise Refusal(400, f"filter[{parts[0]}] is not supported for a single record")


# Choosing


def choose(table: Table, filters: Sequence[Filter], sort: Sequence[tuple[str, bool]]) -> Selection:
    """The ids that pass the filters, sorted; without a sort in an arbitrary order that moves what was changed.

    What an index answers costs no more for a page of a million records than for one of a hundred.
    """
    conditions = [condition for one in filters if len(one.either) == 1 for condition in one.either[0]]
    choices = [one for one in filters if len(one.either) > 1]
    tests = [one.test for one in filters if not one.either] + [one.test for one in choices[1:]]
    live = not filters
    if not choices and not tests:
        order, down = sort[0] if sort else ("", False)
        composed = _composed(table, conditions, sort)
        if composed is not None:
            return table.select(composed, live=live, order=f"{order},id")
        if len(sort) < 2:
            return table.select(conditions, live=live, order=order, down=down)
    alternatives = choices[0].either if choices else ((),)
    found = {key: None for one in alternatives for key in table.select([*conditions, *one], live=live)}
    keys = [key for key in found if all(test(table.found(key)) for test in tests)]
    for name, down in reversed(sort):
        values = table.resource.fields[name]
        keys.sort(key=lambda key: next(iter(values(table.found(key)))), reverse=down)
    return Selection([("", 0, key) for key in keys])


BOUNDS = {"ge": [("ge", "")], "gt": [("ge", "~")], "lt": [("lt", "")], "le": [("lt", "~")]}
BOUNDS["eq"] = BOUNDS["ge"] + BOUNDS["le"]
"""Bounds of a time said of that time and an id."""


def _composed(table: Table, conditions: list[Condition], sort: Sequence[tuple[str, bool]]) -> list[Condition] | None:
    """The conditions on a time said of the index of that time and the id; records without a time are none there."""
    if len(sort) != 2 or sort[1] != ("id", False) or sort[0][1] or f"{sort[0][0]},id" not in table.resource.fields:
        return None
    name = sort[0][0]
    bounds = [condition for condition in conditions if condition != (name, "gt", "")]
    if any(field != name or not value for field, _, value in bounds):
        return None
    return [(f"{name},id", how, value + end) for _, given, value in bounds for how, end in BOUNDS[given]]
