"""From a record as any Singer tap sends it to the properties of a vendor's stream that can be written."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import jsonschema_rs
import osdi_crm_schemas
from osdi_crm_schemas import fold

from target_osdi_crm.consent import OUT, both
from target_osdi_crm.intake import addresses, consent, values
from target_osdi_crm.intake.columns import FLATTENED, Columns
from target_osdi_crm.rejects import INVALID, Rejection
from target_osdi_crm.vendor import Shaped

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from target_osdi_crm.intake.columns import Place
    from target_osdi_crm.intake.values import Schema
    from target_osdi_crm.settings import TargetSettings
    from target_osdi_crm.vendor import Stream


class Shape:
    """Shapes the records of one stream after its schema.

    Fields are recognised whatever case and punctuation a warehouse gave them, also under the names that the vendor
    writes them with, and as the columns that a loader flattened (`custom_fields__shirt_size`).

    Attributes:
        columns: Tells what a column stands for.
        refers: Properties that hold keys of other records, and the streams of these.
        write_only: Properties that the vendor never shows.
        fixed: Properties that can be set when a record is created, and not changed.
    """

    def __init__(self, vendor: str, stream: Stream, settings: TargetSettings | None = None) -> None:
        """Read the schema of a vendor's stream.

        Args:
            vendor: The vendor.
            stream: Its stream.
            settings: The target's settings.

        Raises:
            ConfigurationError: If a setting names no country or time zone.
        """
        self._region = addresses.region(settings.default_country if settings else None)
        self._zone = values.zone(settings.source_time_zone if settings else None)
        self._empties = {fold(each) for each in (settings.empty_fields.get(stream.name, ()) if settings else ())}
        schema = osdi_crm_schemas.schema(vendor, stream.name)
        self._properties: Mapping[str, Any] = schema["properties"]
        self._writable = {
            name: found for name, found in self._properties.items() if found.get("x-write") or name in stream.refers
        }
        written = {fold(found.get("x-write-name", name)): name for name, found in self._writable.items()}
        self._names = {**written, **osdi_crm_schemas.property_names(vendor, stream.name)}
        self.refers: dict[str, str] = {
            name: found["x-refers-to"] for name, found in self._writable.items() if "x-refers-to" in found
        } | dict(stream.refers)
        self.write_only = [name for name, found in self._writable.items() if found.get("x-write-only")]
        self.fixed = [
            name
            for name, found in self._writable.items()
            if "create" in found.get("x-write", ()) and "update" not in found["x-write"]
        ]
        self._validate = Validator({"type": "object", "properties": self._writable})
        self.columns = Columns(self._names, self._writable, stream.columns)
        self._delivery_words = stream.delivery_words
        self._channels, self._read_at_first = stream.channels, stream.consent_read_at_first
        self._speaks: dict[str, bool | None] = {}
        self._met: set[str] = set()
        self._newly_read: set[str] = set()

    def __call__(self, record: Mapping[str, Any], keep: Collection[str] | None = ()) -> Shaped:
        """Shape a record.

        Args:
            record: The record.
            keep: Addresses that are kept although they are none; None keeps all.

        Raises:
            Rejection: If a value does not fit the schema.
        """
        shaped = Shaped()
        fitting = values.Fitting(self._zone, self._region, self._empties, keep)
        entries: dict[str, dict[str, Any]] = {}
        for place, value in self._chosen(record, shaped):
            self._take(shaped, place, value, fitting, entries)
        for name, parts in entries.items():
            self._take_entry(shaped, name, parts, fitting)
        shaped.refused, shaped.replaced = fitting.refused, fitting.replaced
        shaped.withheld += [f"{path}: no {addresses.NAMES[kind]}" for path, kind, _ in fitting.refused]
        self._validate(shaped.values)
        self._validate(shaped.refers)
        return shaped

    def _chosen(self, record: Mapping[str, Any], shaped: Shaped) -> Iterator[tuple[Place, Any]]:
        """Yield what is given for each place, None where it is to be emptied; of two columns, the one named like it."""
        chosen: dict[Place, tuple[int, str, Any]] = {}
        for name, value in record.items():
            is_blank = values.is_blank(value)
            if is_blank and not self._is_emptied(name):
                continue
            if self._speaks_of_consent(name, value):
                if not is_blank and not (isinstance(value, str) and fold(value) in self._delivery_words):
                    _note_consent(shaped, name, value)
                continue
            place, distance = self.columns.place(name)
            if distance > 1 and isinstance(value, dict):
                place = ()
            given = (distance, name, None if is_blank else value)
            if not place:
                shaped.unknown[name] = given[2]
            elif place not in chosen:
                chosen[place] = given
            else:
                chosen[place] = _nearer(chosen[place], given, shaped)
        for place, (_, _, value) in sorted(chosen.items(), key=lambda each: len(each[0])):
            yield place, value

    def _take(
        self, shaped: Shaped, place: Place, value: Any, fitting: values.Fitting, entries: dict[str, dict[str, Any]]
    ) -> None:
        """Take a field in; null is one that is to be emptied."""
        known, *inner = str(place[0]), *map(str, place[1:])
        if 0 in place:
            entries.setdefault(known, {})["".join(inner[1:])] = value
        elif known in self.refers and known in self._writable:
            _put(shaped.refers, known, values.keys(known, value, self._writable[known]))
            shaped.withheld += [f"{known} cannot be emptied"] * (value is None)
        elif known in self._writable:
            self._take_value(shaped, known, inner, value, fitting)
        elif known == "id":
            shaped.own_id = values.key(known, value)
        else:
            with suppress(Rejection):
                _put(shaped.unwritable, known, values.fit(known, value, self._properties[known]))

    def _take_value(self, shaped: Shaped, known: str, inner: list[str], value: Any, fitting: values.Fitting) -> None:
        """Take in a property, or a part of one that came as a column; what the property itself says counts above it."""
        schema = self._writable[known]
        if inner and not schema.get("properties"):
            shaped.unnested.setdefault(known, []).append(FLATTENED.join(inner))
        for part in reversed(inner):
            value = {part: value}
        fitted = values.fit(known, value, schema, fitting)
        if inner and _is_other(shaped.values.get(known), fitted):
            shaped.withheld.append(f"{FLATTENED.join((known, *inner))} beside {known}")
        _put(shaped.values, known, fitted)
        if isinstance(fitted, list) and self._channels:
            _note_consent_within(shaped, fitted, schema.get("items", {}).get("properties", {}))
        if value is None:
            shaped.values[known] = None

    def _take_entry(self, shaped: Shaped, name: str, parts: Mapping[str, Any], fitting: values.Fitting) -> None:
        """Make the one entry of a list that flat columns stand for, unless the record has the list as well."""
        if name in shaped.values:
            shaped.withheld.append(f"columns beside {name}")
            return
        items = self._writable[name]["items"].get("properties", {})
        blank = (fold(f"{name}{part}") for part, value in parts.items() if value is None)
        fitting.empties = {*self._empties, *blank}
        entry = parts[""] if "" in parts else {part: _wrapped(value, items[part]) for part, value in parts.items()}
        _put(shaped.values, name, values.fit(name, [entry], self._writable[name], fitting))

    def _speaks_of_consent(self, name: str, value: Any) -> bool:
        """Whether a field says who may be reached; when somebody said so is a value like others."""
        if name not in self._speaks:
            own = self._writable.get(self._names.get(fold(name), ""))
            by_its_word = not own and consent.is_column_by_its_word(name)
            always = consent.is_column(name) and "format" not in (own or ())
            self._speaks[name] = None if self._channels and by_its_word else bool(self._channels) and always
        speaks = self._speaks[name]
        return consent.is_word(value) if speaks is None else speaks

    def told_apart(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record under keys that no other account's records have, where it says which account it is of."""
        return record

    def newly_read(self, record: Mapping[str, Any]) -> bool:
        """Whether a record says something about consent in a column that the first release did not read."""
        if not self._channels:
            return False
        if not record.keys() <= self._met:
            self._met.update(record)
            self._newly_read.update(name for name in record if self._is_newly_read(name))
        return any(not values.is_blank(record[name]) for name in self._newly_read & record.keys())

    def _is_newly_read(self, name: str) -> bool:
        known = fold(name)
        first = known in self._read_at_first or self._names.get(known) in self._writable
        return consent.may_speak(name) and not first

    def _is_emptied(self, name: str) -> bool:
        """Whether a blank in this field empties: it is named as it comes, or as the property that it is."""
        if not self._empties:
            return False
        place = "".join(str(part) for part in self.columns.place(name)[0] if part)
        return fold(name) in self._empties or fold(place) in self._empties

    def fitting(self, record: Mapping[str, Any]) -> Shaped:
        """Shape a record without the values that do not fit the schema, but with all that is given as an address."""
        fits: dict[str, Any] = {}
        for name, value in record.items():
            part = self._fitting(name, value)
            if part is not None and self._fits({**fits, name: part}):
                fits[name] = part
        return self(fits, keep=None)

    def _fitting(self, name: str, value: Any) -> Any:
        """As much of a field as fits: all, or of an object or a list of objects the parts that do; None of others."""
        if self._fits({name: value}):
            return value
        parts: Any = None
        if isinstance(value, dict):
            parts = {part: inner for part, inner in value.items() if self._fits({name: {part: inner}})}
        elif isinstance(value, list):
            items = [each for each in value if isinstance(each, dict)]
            parts = [{part: each[part] for part in each if self._fits({name: [{part: each[part]}]})} for each in items]
        return parts or None

    def _fits(self, record: Mapping[str, Any]) -> bool:
        try:
            self(record, keep=None)
        except Rejection:
            return False
        return True


class Validator:
    """Checks records against a schema, fast, and names what is wrong without showing it."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Compile the schema, of the latest draft or of draft 4, which many taps write.

        Raises:
            ValueError: If it is no valid JSON Schema, or refers to one that stands elsewhere: none is fetched.
        """
        how: dict[str, Any] = {"validate_formats": False, "retriever": _refuse}
        try:
            self._validator: jsonschema_rs.Validator = jsonschema_rs.Draft202012Validator(dict(schema), **how)
        except ValueError:
            self._validator = jsonschema_rs.Draft4Validator(dict(schema), **how)

    def __call__(self, record: Mapping[str, Any]) -> None:
        """Check a record.

        Raises:
            Rejection: If it does not fit; the words name the fields.
        """
        if self._validator.is_valid(record):
            return
        wrong = sorted(
            {
                f"{'.'.join(map(str, error.instance_path)) or 'the record'}: {type(error.kind).__name__.split('_')[-1]}"
                for error in self._validator.iter_errors(record)
            }
        )
        raise Rejection(INVALID, "does not fit the schema: " + ", ".join(wrong[:10]))


def _note_consent(shaped: Shaped, name: str, value: Any) -> None:
    """Note what a field says about consent; an opt-out in another one counts all the same."""
    try:
        channel, status = consent.said(name, value)
    except Rejection as rejection:
        shaped.rejection = rejection
    else:
        shaped.said[channel] = both(shaped.said.get(channel), status)


def _note_consent_within(shaped: Shaped, entries: list[Any], known: Schema) -> None:
    """Take out of a list what says of its addresses, under names that the vendor does not have, not to use them."""
    channels = {each["x-address"] for each in known.values() if "x-address" in each}
    for entry in (each for each in entries if channels and isinstance(each, dict)):
        for name in [each for each in entry.keys() - known.keys() if consent.may_speak(each)]:
            try:
                if consent.said(name, entry.pop(name))[1] == OUT:
                    shaped.said |= dict.fromkeys(channels, OUT)
            except Rejection as rejection:
                shaped.rejection = rejection


def _refuse(uri: str) -> NoReturn:
    raise ValueError(uri)


def _nearer(one: tuple[int, str, Any], other: tuple[int, str, Any], shaped: Shaped) -> tuple[int, str, Any]:
    """Return which of two columns counts that stand for the same, and tell where the other says something else."""
    winner, loser = sorted((one, other), key=lambda given: given[0])
    nested = isinstance(winner[2], dict | list) or isinstance(loser[2], dict | list)
    if nested or values.text_of(winner[2]) != values.text_of(loser[2]):
        shaped.withheld.append(f"{loser[1]} beside {winner[1]}")
    return winner


def _wrapped(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a column's text as its place in an entry holds it: in a list, or as the text of an option."""
    if value is None:
        return None
    if isinstance(value, str) and "array" in schema["type"]:
        return [value]
    if not isinstance(value, dict) and "value" in schema.get("properties", ()):
        return {"value": value}
    return value


def _put(shaped: dict[str, Any], name: str, value: Any) -> None:
    """Set a value where one is given; what a flattened column holds joins the rest of its object."""
    if isinstance(value, dict) and name in shaped:
        shaped[name] = _joined(shaped[name], value)
    elif value is not None:
        shaped[name] = value


def _joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {
        name: _joined(one[name], other[name])
        for name in one.keys() & other.keys()
        if isinstance(one[name], dict) and isinstance(other[name], dict)
    }
    return {**other, **one, **both}


def _is_other(one: Any, other: Any) -> bool:
    """Whether two say something else of the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        return any(_is_other(one[name], other[name]) for name in one.keys() & other.keys())
    return None not in (one, other) and bool(one != other)
