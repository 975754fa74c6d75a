"""The table of one stream: where each of a vendor's properties stands in the shared model (`x-osdi`), read both ways.

A place is the name of a shared property. `name[]` is the next entry of a list, `name[kind=A]` the entry whose `kind` is
`A`, `[kind=A|]` that one or one that names no kind which the vendor knows; what follows the dot is a part of the entry.
Beside its place a property may say which `words` of the vendor's stand for which of the model's; other words are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Record = dict[str, Any]

_PLACE = re.compile(r"(?P<name>\w+)(?P<entry>\[(?:(?P<kind>\w+)=(?P<is>\w+)(?P<any>\|?))?\])?(?:\.(?P<part>\w+))?")

_DATE = ("year", "month", "day")

OF_OTHERS = frozenset({"primary", "status", "number_type", "address_type", "do_not_call"})
"""Parts of an entry that say something of the rest of it, and are nothing that could get lost by themselves."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the shared model.

    Attributes:
        name: The property.
        is_entry: Whether it is an entry of the list that the property holds, and not the whole.
        kind: What tells the entry from others, and what that is of this one.
        takes_any: Whether an entry may stand there that names no kind which the vendor knows.
        part: The part of the entry.
    """

    name: str
    is_entry: bool = False
    kind: tuple[str, str] | None = None
    takes_any: bool = False
    part: str | None = None

    @classmethod
    def of(cls, text: str) -> Place:
        """Read a place."""
        found = _PLACE.fullmatch(text)
        assert found, text  # noqa: S101  a test reads every schema
        kind = (found["kind"], found["is"]) if found["kind"] else None
        return cls(found["name"], bool(found["entry"]), kind, bool(found["any"]), found["part"])

    def is_of(self, entry: Any) -> bool:
        """Whether an entry is of the kind that stands here."""
        if self.kind is None or not isinstance(entry, dict):
            return False
        name, kind = self.kind
        return _folded(entry.get(name)) == _folded(kind)


@dataclass(frozen=True, slots=True)
class Field:
    """A property of a vendor's stream and where it stands in the model.

    Attributes:
        name: The property.
        place: The place.
        words: The model's words by the vendor's, where they have some.
        inner: The table of the object, or of each object of the list, that it holds.
        is_list: Whether it holds a list.
        holds_list: Whether the model's property holds a list of texts.
        holds_date: Whether the model's property holds a date in its parts.
        is_written: Whether the vendor lets anybody set it.
    """

    name: str
    place: Place
    words: Mapping[str, str]
    inner: Table | None
    is_list: bool
    holds_list: bool
    holds_date: bool
    is_written: bool

    def shared(self, value: Any) -> Any:
        """What the model holds for a vendor's value; None for nothing."""
        if self.inner:
            entries = value if isinstance(value, list) else [value]
            read = [found for each in entries if isinstance(each, dict) and (found := self.inner.read(each))]
            return (read or None) if self.is_list else next(iter(read), None)
        if self.words:
            return self.words.get(value)
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
            return next((theirs for theirs, ours in self.words.items() if _folded(ours) == _folded(value)), None)
        if self.holds_date:
            return _date_of(value)
        if self.holds_list and not self.is_list and isinstance(value, list):
            left += [f"further {self.place.name}"] * (len(value) > 1)
            return next(iter(value), None)
        return value


class Table:
    """The table of one stream, or of the objects in one of its properties."""

    def __init__(self, theirs: Mapping[str, Any], ours: Mapping[str, Any], *, is_written: bool | None = None) -> None:
        """Read the table of a schema.

        Args:
            theirs: The properties of the vendor's schema.
            ours: Those of the shared schema that they stand for.
            is_written: Whether all may be set that is not read-only; otherwise each says so.
        """
        self.fields = [_field(name, found, ours, is_written) for name, found in theirs.items() if "x-osdi" in found]
        self._by_place: dict[str, list[Field]] = {}
        for each in self.fields:
            if each.is_written:
                self._by_place.setdefault(each.place.name, []).append(each)

    def read(self, record: Mapping[str, Any]) -> Record:
        """A vendor's record as the model holds it; blanks are nothing."""
        shared: Record = {}
        for each in self.fields:
            value = record.get(each.name)
            if not is_blank(value) and not is_blank(found := each.shared(value)):
                _put(shared, each.place, found)
        return shared

    def write(self, shared: Mapping[str, Any], left: list[str], within: str = "") -> Record:
        """The vendor's record of one of the model's; names of what has no place there are added to `left`."""
        record: Record = {}
        for name, value in shared.items():
            if is_blank(value):
                continue
            fields = self._by_place.get(name)
            if fields and fields[0].place.is_entry and isinstance(value, list):
                self._write_entries(record, fields, value, left)
                continue
            made = fields[0].vendors(value, left) if fields else None
            if fields and not is_blank(made):
                record[fields[0].name] = made
            elif name not in OF_OTHERS:
                left.append(f"{within}{name}")
        return record

    def _write_entries(self, record: Record, fields: Sequence[Field], entries: Sequence[Any], left: list[str]) -> None:
        """Put the entries of a list where each belongs, main ones first where their kind decides about that."""
        given = [each for each in entries if not is_blank(each)]
        if fields[0].place.kind:
            given.sort(key=lambda each: not (isinstance(each, dict) and each.get("primary")))
        if fields[0].is_list:
            fitting = [each for each in given if fields[0].place.is_of(each) or _is_of_none(fields, each)]
            if made := fields[0].vendors(fitting, left):
                record[fields[0].name] = made
            left += [f"further {fields[0].place.name}"] * (len(fitting) < len(given))
            return
        free = list(fields)
        for entry in [*_known_first(given, fields)]:
            field = next((each for each in free if _takes(each, fields, entry)), None)
            if field is None:
                left.append(f"further {fields[0].place.name}")
                continue
            free.remove(field)
            part = entry.get(field.place.part) if field.place.part and isinstance(entry, dict) else entry
            if not is_blank(made := field.vendors(part, left)):
                record[field.name] = made


def is_blank(value: Any) -> bool:
    """Whether a value is none."""
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {})


def _field(name: str, found: Mapping[str, Any], ours: Mapping[str, Any], is_written: bool | None) -> Field:
    said = found["x-osdi"] if isinstance(found["x-osdi"], dict) else {"place": found["x-osdi"]}
    place = Place.of(said["place"])
    node = ours[place.name]
    if place.is_entry:
        node = node["items"]
    if place.part:
        node = node["properties"][place.part]
    properties = found.get("items", found).get("properties")
    parts = (node if place.is_entry else node.get("items", node)).get("properties", {})
    settable = not found.get("readOnly") if is_written else bool(found.get("x-write")) or place.name == "id"
    has_table = bool(properties) and any("x-osdi" in each for each in properties.values())
    return Field(
        name=name,
        place=place,
        words=said.get("words", {}),
        inner=Table(properties, parts, is_written=True) if has_table else None,
        is_list="array" in found["type"],
        holds_list="array" in node["type"],
        holds_date=parts.keys() == {*_DATE},
        is_written=settable,
    )


def _put(shared: Record, place: Place, value: Any) -> None:
    if not place.is_entry:
        shared[place.name] = value
        return
    entries = shared.setdefault(place.name, [])
    kind = dict([place.kind]) if place.kind else {}
    if isinstance(value, list):
        entries.extend({**kind, **each} for each in value)
    elif place.part:
        entries.append({**kind, place.part: value})
    else:
        entries.append({**kind, **value} if isinstance(value, dict) else value)


def _takes(field: Field, fields: Sequence[Field], entry: Any) -> bool:
    place = field.place
    return place.kind is None or place.is_of(entry) or (place.takes_any and _is_of_none(fields, entry))


def _is_of_none(fields: Sequence[Field], entry: Any) -> bool:
    """Whether an entry names no kind."""
    kind = fields[0].place.kind
    return kind is None or not isinstance(entry, dict) or is_blank(entry.get(kind[0]))


def _known_first(entries: Sequence[Any], fields: Sequence[Field]) -> Iterator[Any]:
    yield from (each for each in entries if not _is_of_none(fields, each))
    yield from (each for each in entries if _is_of_none(fields, each))


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
