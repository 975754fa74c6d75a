"""How an account's records are selected, against a plain scan of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import eq, ge, gt, le, lt
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from osdi_crm_sandbox.records import Resource, Table

if TYPE_CHECKING:
    from collections.abc import Callable

COMPARE = {"eq": eq, "gt": gt, "ge": ge, "lt": lt, "le": le}
RESOURCE = Resource(
    "modified",
    {
        "modified": lambda record: (record["modified"],),
        "name": lambda record: (record["name"],) if record["name"] else (),
        "tags": lambda record: record["tags"],
    },
)


@dataclass
class Lagging:
    """An account whose index follows when told."""

    waiting: list[Callable[[], None]] = field(default_factory=list)

    def after_lag(self, action: Callable[[], None]) -> None:
        self.waiting.append(action)

    def touched(self) -> None:
        pass

    def catch_up(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


letters = st.sampled_from("abcd")
records = st.fixed_dictionaries(
    {"modified": letters, "name": st.one_of(letters, st.just("")), "tags": st.lists(letters, max_size=3, unique=True)}
)
keys = st.sampled_from([f"k{number}" for number in range(12)])
changes = st.lists(st.tuples(keys, st.one_of(st.none(), records)), max_size=25)
conditions = st.lists(st.tuples(st.sampled_from(["modified", "name", "tags"]), st.sampled_from(list(COMPARE)), letters))


def fulfils(record: dict[str, Any], where: list[tuple[str, str, str]]) -> bool:
    """Every condition by some value; the conditions on one field by one and the same value."""
    return all(
        any(
            all(COMPARE[operator](value, wanted) for other, operator, wanted in where if other == name)
            for value in RESOURCE.fields[name](record)
        )
        for name in {name for name, _, _ in where}
    )


def apply(table: Table, state: dict[str, Any], made: list[tuple[str, Any]]) -> None:
    for key, record in made:
        if record is not None:
            table.put(key, record)
            state[key] = record
        elif key in state:
            table.delete(key)
            del state[key]


@settings(max_examples=150, deadline=None)
@given(first=changes, later=changes, where=conditions)
def test_selections_are_what_a_scan_finds(
    first: list[tuple[str, Any]], later: list[tuple[str, Any]], where: list[tuple[str, str, str]]
) -> None:
    where = [condition for condition in where if condition[0] != "tags"] + [c for c in where if c[0] == "tags"][:1]
    account = Lagging()
    table = Table(account, RESOURCE)
    state: dict[str, Any] = {}
    apply(table, state, first)
    account.catch_up()
    searched = dict(state)
    for live in (True, False):
        table.select(where, live=live)
    apply(table, state, later)
    for live, expected in ((True, state), (False, searched)):
        found = list(table.select(where, live=live))
        assert len(found) == len(set(found))
        assert set(found) == {key for key, record in expected.items() if fulfils(record, where)}
        assert list(table.select(where, live=live)) == found
        pages = [key for number in range(1, len(found) + 2) for key in table.select(where, live=live).page(number, 2)]
        assert pages == found
        for order in ("modified", "name"):
            for down in (False, True):
                in_order = list(table.select(where, live=live, order=order, down=down))
                values = [expected[key][order] for key in in_order]
                assert set(in_order) == set(found)
                assert values == sorted(values, reverse=down)
    account.catch_up()
    found = list(table.select(where, live=False))
    assert set(found) == {key for key, record in state.items() if fulfils(record, where)}
