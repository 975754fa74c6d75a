"""The table of one stream: where each of a vendor's properties stands in the shared model (`x-osdi`), read both ways.

A place is the name of a shared property. `name[]` is the next entry of a list, `name[kind=A]` the entry whose `kind` is
`A`, `[kind=A|]` that one or one that names no kind; what follows the dot is a place in the entry. `.` says that what is
in the vendor's object, or in the first of its list, stands in the model by itself. Beside its place a property may say
which `words` of the vendor's stand for which of the model's; other words are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Record = dict[str, Any]

HERE = "."

_PLACE = re.compile(r"(?P<name>\w+)(?P<entry>\[(?:(?P<kind>\w+)=(?P<is>\w+)(?P<any>\|?))?\])?(?:\.(?P<rest>.+))?")

_DATE = ("year", "month", "day")

_OF_OTHERS = frozenset({"primary", "status", "number_type", "address_type", "do_not_call"})
"""Parts of an entry that say something of the rest of it, and are nothing that could get lost by themselves."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the shared model.

    Attributes:
        name: The property.
        is_entry: Whether it is an entry of the list that the property holds, and not the whole.
        kind: What tells the entry from others, and what that is of this one.
        takes_any: Whether an entry may stand there that names no kind.
        rest: The place in the entry; nothing where it is the whole of it.
    """

    name: str
    is_entry: bool = False
    kind: tuple[str, str] | None = None
    takes_any: bool = False
    rest: str = ""

    @classmethod
    def of(cls, text: str) -> Place:
        """Read a place."""
        found = _PLACE.fullmatch(text)
        assert found, text  # noqa: S101  a test reads every schema
        kind = (found["kind"], found["is"]) if found["kind"] else None
        return cls(found["name"], bool(found["entry"]), kind, bool(found["any"]), found["rest"] or "")

    def takes(self, entry: Any) -> bool:
        """Whether an entry may stand here."""
        if self.kind is None:
            return True
        name, kind = self.kind
        given = entry.get(name) if isinstance(entry, dict) else None
        return self.takes_any if is_blank(given) else _folded(given) == _folded(kind)


@dataclass(frozen=True, slots=True)
class Field:
    """A property of a vendor's stream, and what the model holds in its place.

    Attributes:
        name: The property.
        place: The place.
        words: The model's words by the vendor's, where they have some.
        inner: The table of the object, or of each object of the list, that it holds.
        is_list: Whether it holds a list.
        is_option: Whether it holds an object whose `value` is what it says.
        holds_list: Whether the model's property holds a list of texts.
        holds_date: Whether the model's property holds a date in its parts.
        is_written: Whether the vendor lets anybody set it.
    """

    name: str
    place: Place
    words: Mapping[str, Any]
    inner: Table | None
    is_list: bool
    is_option: bool
    holds_list: bool
    holds_date: bool
    is_written: bool

    def shared(self, value: Any) -> Any:
        """What the model holds for a vendor's value; None for nothing."""
        if self.inner:
            entries = value if isinstance(value, list) else [value]
            read = [found for each in entries if isinstance(each, dict) and (found := self.inner.read(each))]
            return (read or None) if self.is_list else next(iter(read), None)
        if self.is_option:
            value = value.get("value") if isinstance(value, dict) else value
        if self.words:
            return next((ours for theirs, ours in self.words.items() if _folded(theirs) == _folded(value)), None)
        if self.holds_date:
            return _parts_of(value)
        return [value] if self.holds_list and not self.is_list and not self.place.is_entry else value

    def vendors(self, value: Any, left: list[str]) -> Any:
        """What a vendor holds for one of the model's values; None for nothing. What gets lost is added to `left`."""
        if self.inner:
            entries = value if isinstance(value, list) else [value]
            made = [self.inner.write(each, left, f"{self.place.name}.") for each in entries if isinstance(each, dict)]
            return ([each for each in made if each] or None) if self.is_list else next(filter(None, made), None)
        if self.words:
            value = next((theirs for theirs, ours in self.words.items() if _folded(ours) == _folded(value)), None)
        elif self.holds_date:
            value = _date_of(value)
        elif self.holds_list and not self.is_list and isinstance(value, list):
            left += [f"further {self.place.name}"] * (len(value) > 1)
            value = next(iter(value), None)
        return {"value": value} if self.is_option and value is not None else value


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a vendor keeps one entry of a list, or the whole list.

    Attributes:
        place: The place.
        whole: The property that holds it; without one the properties of `parts` do.
        parts: Their table.
    """

    place: Place
    whole: Field | None
    parts: Table | None

    @property
    def is_list(self) -> bool:
        """Whether it holds any number of entries."""
        return bool(self.whole and self.whole.is_list)

    def read(self, record: Mapping[str, Any]) -> list[Any]:
        """The entries that a vendor's record has here."""
        found: Any = None
        if self.parts:
            found = self.parts.read(record)
        elif self.whole and not is_blank(value := record.get(self.whole.name)):
            found = self.whole.shared(value)
        kind = dict([self.place.kind]) if self.place.kind else {}
        entries = found if isinstance(found, list) else [found]
        return [{**kind, **each} if isinstance(each, dict) else each for each in entries if not is_blank(each)]

    def write(self, entries: Sequence[Any], left: list[str]) -> Record:
        """What the vendor's record holds for entries, one unless it is a list."""
        if self.parts:
            return self.parts.write(entries[0], left, f"{self.place.name}.") if isinstance(entries[0], dict) else {}
        assert self.whole  # noqa: S101
        made = self.whole.vendors([*entries] if self.is_list else entries[0], left)
        return {} if is_blank(made) else {self.whole.name: made}


class Table:
    """The table of one stream, or of the objects in one of its properties.

    Attributes:
        fields: The vendor's properties that stand for the whole of a shared one.
        inside: Those whose parts stand in the model by themselves.
        slots: Those that hold entries of lists, by the list.
    """

    def __init__(self, theirs: Mapping[str, Any], ours: Mapping[str, Any], *, is_inner: bool = False) -> None:
        """Read the table of a schema.

        Args:
            theirs: The properties of the vendor's schema.
            ours: Those of the shared schema that they stand for.
            is_inner: Whether they are those of an object, which may be set unless they are read-only.
        """
        self.fields: list[Field] = []
        self.inside: list[Field] = []
        self.slots: dict[str, list[Slot]] = {}
        parts: dict[tuple[str, Any], dict[str, Any]] = {}
        places: dict[tuple[str, Any], Place] = {}
        for name, found in theirs.items():
            if "x-osdi" not in found:
                continue
            is_written = not found.get("readOnly") if is_inner else bool(found.get("x-write"))
            text, words = _said(found)
            if text == HERE:
                self.inside.append(_field(name, found, Place(HERE), words, {"properties": ours}, is_written=is_written))
                continue
            place = Place.of(text)
            node = ours[place.name]
            if not place.is_entry:
                self.fields.append(_field(name, found, place, words, node, is_written=is_written or text == "id"))
            elif place.rest:
                key = (place.name, place.kind or name)
                places.setdefault(key, place)
                part = {**found, "x-osdi": {"place": place.rest, "words": words}, "readOnly": not is_written}
                parts.setdefault(key, {})[name] = part
            else:
                whole = _field(name, found, place, words, node["items"], is_written=is_written)
                self.slots.setdefault(place.name, []).append(Slot(place, whole, None))
        for key, found in parts.items():
            table = Table(found, ours[key[0]]["items"]["properties"], is_inner=True)
            self.slots.setdefault(key[0], []).append(Slot(places[key], None, table))

    @property
    def places(self) -> set[str]:
        """The shared properties that something stands for."""
        inner = {name for each in self.inside if each.inner for name in each.inner.places}
        return {*(each.place.name for each in self.fields), *self.slots, *inner}

    def read(self, record: Mapping[str, Any]) -> Record:
        """A vendor's record as the model holds it; blanks are nothing."""
        shared: Record = {}
        for each in (*self.fields, *self.inside):
            value = record.get(each.name)
            if is_blank(value) or is_blank(found := each.shared(value)):
                continue
            if each.place.name == HERE:
                shared |= found[0] if each.is_list else found
            else:
                shared[each.place.name] = found
        for name, slots in self.slots.items():
            if entries := [entry for slot in slots for entry in slot.read(record)]:
                shared[name] = entries
        return shared

    def write(self, shared: Mapping[str, Any], left: list[str], within: str = "") -> Record:
        """The vendor's record of one of the model's; names of what has no place there are added to `left`."""
        given = {name: value for name, value in shared.items() if not is_blank(value)}
        record: Record = {}
        for each in self.inside:
            theirs = {name: value for name, value in given.items() if each.inner and name in each.inner.places}
            given = {name: value for name, value in given.items() if name not in theirs}
            if made := each.vendors(theirs, left) if theirs else None:
                record[each.name] = made
        writable = {each.place.name: each for each in reversed(self.fields) if each.is_written}
        for name, value in given.items():
            if name in self.slots and isinstance(value, list):
                record |= _entries_written(self.slots[name], value, left)
                continue
            made = writable[name].vendors(value, left) if name in writable else None
            if not is_blank(made):
                record[writable[name].name] = made
            elif name not in _OF_OTHERS:
                left.append(f"{within}{name}")
        return record


def is_blank(value: Any) -> bool:
    """Whether a value is none."""
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {})


def _entries_written(slots: Sequence[Slot], entries: Sequence[Any], left: list[str]) -> Record:
    """Put the entries of a list where each belongs: main ones first where kinds decide, those of no kind last."""
    given = [each for each in entries if not is_blank(each)]
    if kind := slots[0].place.kind:
        given.sort(key=lambda each: (not _has(each, kind[0]), not _has(each, "primary")))
    taken: dict[int, list[Any]] = {}
    for entry in given:
        fitting = (place for place, slot in enumerate(slots) if slot.place.takes(entry))
        place = next((each for each in fitting if slots[each].is_list or each not in taken), None)
        if place is None:
            left.append(f"further {slots[0].place.name}")
        else:
            taken.setdefault(place, []).append(entry)
    record: Record = {}
    for place, each in taken.items():
        record |= slots[place].write(each, left)
    return record


def _has(entry: Any, part: str) -> bool:
    return isinstance(entry, dict) and bool(entry.get(part))


def _said(found: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    said = found["x-osdi"]
    return (said["place"], said.get("words", {})) if isinstance(said, dict) else (said, {})


def _field(
    name: str,
    found: Mapping[str, Any],
    place: Place,
    words: Mapping[str, Any],
    node: Mapping[str, Any],
    *,
    is_written: bool,
) -> Field:
    properties = found.get("items", found).get("properties") or {}
    parts = node.get("items", node).get("properties") or {}
    has_table = any("x-osdi" in each for each in properties.values())
    kinds = node.get("type", ())
    return Field(
        name=name,
        place=place,
        words=words,
        inner=Table(properties, parts, is_inner=True) if has_table else None,
        is_list="array" in found["type"],
        is_option=properties.keys() == {"id", "value"},
        holds_list="array" in kinds,
        holds_date=parts.keys() == {*_DATE},
        is_written=is_written,
    )


def _folded(value: Any) -> str:
    return str(value).casefold()


def _parts_of(value: Any) -> Record | None:
    """A date in its parts."""
    found = re.match(r"(\d{4})-(\d\d)-(\d\d)", str(value))
    return dict(zip(_DATE, map(int, found.groups()), strict=True)) if found else None


def _date_of(value: Any) -> str | None:
    """The date of these parts, if none is missing."""
    parts = [str(value.get(name)) for name in _DATE] if isinstance(value, dict) else []
    if not parts or not all(each.isdecimal() for each in parts):
        return None
    year, month, day = map(int, parts)
    return f"{year:04}-{month:02}-{day:02}"
