"""An account's records of one kind, and the sorted indexes by which collections are read."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from operator import eq, ge, gt, itemgetter, le, lt
from typing import TYPE_CHECKING, Any, Protocol
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Record = dict[str, Any]
"""A stored record. Never changed in place: a change puts a new dict. Keys starting with "_" stay inside."""
Values = Callable[[Record], Iterable[str]]
"""How to get a field's values of a record: strings that sort as the vendor compares them."""
Condition = tuple[str, str, str]
"""A field, one of eq gt ge lt le, and a value."""

COMPARE: dict[str, Callable[[str, str], bool]] = {"eq": eq, "gt": gt, "ge": ge, "lt": lt, "le": le}
SORTED_RESULTS_KEPT = 64

Entry = tuple[str, int, str]
FIRST = itemgetter(0)


@dataclass(frozen=True)
class Resource:
    """How records of one kind are indexed.

    Attributes:
        modified: the property that moves with every change; it decides a record's (arbitrary) place in collections.
        fields: what collections can be selected by.
        missing: what is said of an id that no record has; {} stands for it.
    """

    modified: str
    fields: Mapping[str, Values]
    missing: str = "Not found"


def by(name: str) -> Values:
    """A field that is a property."""
    return lambda record: () if record.get(name) is None else (str(record[name]),)


def by_each(name: str, inner: str) -> Values:
    """A field that is a property of every entry of a list."""
    return lambda record: [entry[inner] for entry in record.get(name) or () if entry.get(inner)]


def by_email(name: str) -> Values:
    """A field that is an address, compared without regard to case."""
    return lambda record: (str(record.get(name) or "").strip().casefold(),)


class Index:
    """Entries (value, place, id) in order: the place is arbitrary, and another one after each change of the record.

    Args:
        values: what of a record is looked up.
        place: where a version of a record stands, of its id and itself.
        records: what there is at first.
    """

    def __init__(
        self,
        values: Callable[[Record], Iterable[str]],
        place: Callable[[str, Record], int],
        records: dict[str, Record],
    ) -> None:
        self.values = values
        self.place = place
        self.entries = sorted(entry for key, record in records.items() for entry in self.of(key, record))

    def of(self, key: str, record: Record | None) -> list[Entry]:
        """The entries of one version of a record."""
        if record is None:
            return []
        place = self.place(key, record)
        return [(value, place, key) for value in self.values(record)]

    def swap(self, key: str, old: Record | None, new: Record | None) -> None:
        """One version of a record leaves the index and another comes in."""
        before, after = self.of(key, old), self.of(key, new)
        if before == after:
            return
        for entry in before:
            del self.entries[bisect_left(self.entries, entry)]
        for entry in after:
            insort(self.entries, entry)

    def span(self, conditions: Iterable[Condition]) -> tuple[int, int]:
        """Where the entries that fulfil all the conditions begin and end."""
        start, stop = 0, len(self.entries)
        for _, operator, value in conditions:
            if operator in ("eq", "ge"):
                start = max(start, bisect_left(self.entries, value, key=FIRST))
            if operator in ("eq", "le"):
                stop = min(stop, bisect_right(self.entries, value, key=FIRST))
            if operator == "gt":
                start = max(start, bisect_right(self.entries, value, key=FIRST))
            if operator == "lt":
                stop = min(stop, bisect_left(self.entries, value, key=FIRST))
        return start, max(start, stop)


class Selection:
    """The ids of a result, part of an index's entries, from its end where it is backwards. Use it before changes."""

    def __init__(
        self, entries: Sequence[Entry], start: int = 0, stop: int | None = None, *, backwards: bool = False
    ) -> None:
        self.entries = entries
        self.start = start
        self.stop = len(entries) if stop is None else stop
        self.backwards = backwards

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[str]:
        places = range(self.start, self.stop)
        return (self.entries[place][2] for place in (reversed(places) if self.backwards else places))

    def page(self, number: int, size: int) -> list[str]:
        """The ids of a page, counted from one."""
        if self.backwards:
            stop = self.stop - (number - 1) * size
            return [entry[2] for entry in reversed(self.entries[max(self.start, stop - size) : max(self.start, stop)])]
        start = self.start + (number - 1) * size
        return [entry[2] for entry in self.entries[start : min(start + size, self.stop)]]


class Owner(Protocol):
    """What a table needs of its account."""

    def after_lag(self, action: Callable[[], None]) -> None:
        """Does something when the search index catches up."""

    def touched(self) -> None:
        """Something changed."""


class Table:
    """The records of one resource of an account.

    By id and in unfiltered collections (`live`) a change is seen at once; in filtered ones after the account's
    index lag, and until then the old version's place holds.
    """

    def __init__(self, account: Owner, resource: Resource) -> None:
        self.account = account
        self.resource = resource
        self.records: dict[str, Record] = {}
        self._searchable: dict[str, Record] = {}
        self._loaded: dict[str, object] = {}
        self._indexes: dict[tuple[bool, str], Index] = {}
        self._sorted: dict[object, Selection] = {}

    def load(self, records: dict[str, Record]) -> None:
        """Replaces everything, as if it had always been there."""
        self.records = records
        self._searchable = dict(records)
        self._loaded = {key: record.get(self.resource.modified) for key, record in records.items()}
        self._indexes.clear()
        self._touched()

    def put(self, key: str, record: Record) -> None:
        """Adds a record or replaces it."""
        self._swap(True, self.records, key, record)
        self.account.after_lag(partial(self._swap, False, self._searchable, key, record))

    def merge(self, key: str, values: Record) -> None:
        """Changes some of a record's values."""
        self.put(key, {**self.records[key], **values})

    def delete(self, key: str) -> None:
        """Takes a record away."""
        self._swap(True, self.records, key, None)
        self.account.after_lag(partial(self._swap, False, self._searchable, key, None))

    def _swap(self, live: bool, records: dict[str, Record], key: str, record: Record | None) -> None:
        old = records.get(key)
        for (index_is_live, _), index in self._indexes.items():
            if index_is_live is live:
                index.swap(key, old, record)
        if record is None:
            records.pop(key, None)
        else:
            records[key] = record
        self._touched()

    def _touched(self) -> None:
        self._sorted.clear()
        self.account.touched()

    def _index(self, live: bool, name: str) -> Index:
        index = self._indexes.get((live, name))
        if index is None:
            values = self.resource.fields[name] if name else lambda _record: ("",)
            records = self.records if live else self._searchable
            index = self._indexes[live, name] = Index(values, self._place, records)
        return index

    def _place(self, key: str, record: Record) -> int:
        """As it was loaded, a record's place depends on its id alone: it is the same on every day."""
        modified = record.get(self.resource.modified)
        return crc32((key if modified == self._loaded.get(key) else f"{key}{modified}").encode())

    def found(self, key: str) -> Record:
        """A record out of a result: as it is now, or, deleted but not yet out of the search, as it was."""
        record = self.records.get(key)
        return self._searchable[key] if record is None else record

    def find(self, name: str, value: str) -> list[str]:
        """The ids of the records with this value, as they are now."""
        return list(self.select([(name, "eq", value)], live=True))

    def select(self, where: Sequence[Condition] = (), *, live: bool, order: str = "", down: bool = False) -> Selection:
        """The ids that fulfil all the conditions, in an arbitrary order that holds while nothing changes.

        Args:
            where: fields are those of the resource.
            live: as things are now, rather than as the lagging search sees them.
            order: sort by this field's first value instead.
            down: that, from the highest.
        """
        by_field: dict[str, list[Condition]] = {}
        for condition in where:
            by_field.setdefault(condition[0], []).append(condition)
        if not by_field:
            everybody_has_it = len(self._index(live, order).entries) == len(self.records if live else self._searchable)
            by_field = {order if everybody_has_it else "": []}
        spans = {name: self._index(live, name).span(group) for name, group in by_field.items()}
        narrowest = min(spans, key=lambda name: spans[name][1] - spans[name][0])
        entries = self._index(live, narrowest).entries
        start, stop = spans[narrowest]
        in_place_order = start == stop or entries[start][0] == entries[stop - 1][0]
        if len(spans) == 1 and (narrowest == order or (not order and in_place_order)):
            return Selection(entries, start, stop, backwards=down)
        kept = (tuple(where), live, order, down)
        if kept not in self._sorted:
            if len(self._sorted) >= SORTED_RESULTS_KEPT:
                del self._sorted[next(iter(self._sorted))]
            others = [condition for name, group in by_field.items() if name != narrowest for condition in group]
            self._sorted[kept] = self._sort(entries[start:stop], others, live=live, order=order, down=down)
        return self._sorted[kept]

    def _sort(
        self, entries: list[Entry], conditions: list[Condition], *, live: bool, order: str, down: bool
    ) -> Selection:
        records = self.records if live else self._searchable
        if conditions:
            entries = [entry for entry in entries if self._fulfils(records[entry[2]], conditions)]
        if order:
            values = self.resource.fields[order]
            entries = [(next(iter(values(records[key])), ""), place, key) for _, place, key in entries]
            return Selection(sorted(set(entries), reverse=down))
        entries = sorted(entries, key=itemgetter(1, 2))
        return Selection(
            [entry for entry, after in zip_longest(entries, entries[1:]) if not after or entry[2] != after[2]]
        )

    def _fulfils(self, record: Record, conditions: list[Condition]) -> bool:
        fields = self.resource.fields
        return all(any(COMPARE[op](own, value) for own in fields[name](record)) for name, op, value in conditions)
