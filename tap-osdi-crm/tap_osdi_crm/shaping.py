"""From a vendor's record to a stream's: names made safe, links turned into keys, times in UTC, nothing lost."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Row = dict[str, Any]

logger = logging.getLogger(__name__)

KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


class Shape:
    """Shapes the records of one stream after its schema.

    A record comes out with properties of the schema only, each of a type the schema allows. What the schema does not
    know, or holds a value that cannot be made to fit, is kept in `additional_fields` and logged once by name.
    """

    def __init__(
        self,
        stream: str,
        schema: Mapping[str, Any],
        dropped: frozenset[str],
        link_id: Callable[[Row, str], str | None],
    ) -> None:
        """Prepare for the schema of a stream.

        Args:
            stream: The stream's name, for the log.
            schema: Its JSON Schema with the keywords of `osdi_crm_schemas`.
            dropped: The vendor's names of what carries no data of its own, such as `_links`.
            link_id: Finds the id that a link or relationship of this name in a record points to.
        """
        properties: Mapping[str, Mapping[str, Any]] = schema["properties"]
        self._stream = stream
        self._dropped = dropped
        self._link_id = link_id
        self._names = {prop.get("x-vendor-name", name): name for name, prop in properties.items()}
        self._kinds = {name: _kinds(prop) for name, prop in properties.items()}
        self._links = [(name, prop["x-link"]) for name, prop in properties.items() if "x-link" in prop]
        self._times = [name for name, prop in properties.items() if prop.get("format") == "date-time"]
        self._inner_times = {name: times for name, prop in properties.items() if (times := _inner_times(prop))}
        self._known_strangers: set[str] = set()

    def __call__(self, row: Row) -> Row:
        """Return the shaped record."""
        record: Row = {}
        strangers = self._fill(record, row)
        for name, link in self._links:
            if record.get(name) is None:
                record[name] = self._link_id(row, link)
        for name in self._times:
            if (value := record.get(name)) is not None and (time := utc(value)) != value:
                record[name] = time
                if time is None:
                    strangers[name] = value
        for name, times in self._inner_times.items():
            _settle(record.get(name), times)
        if strangers:
            self._keep(record, strangers)
        return record

    def _fill(self, record: Row, row: Row) -> Row:
        """Put into the record what its schema knows and takes; return the rest."""
        strangers: Row = {}
        for vendor_name, value in row.items():
            name = self._names.get(vendor_name)
            if name is None:
                if vendor_name not in self._dropped:
                    strangers[vendor_name] = value
            elif type(value) in self._kinds[name]:
                record[name] = value
            elif (fitted := _fit(value, self._kinds[name])) is not None:
                record[name] = fitted
            else:
                record[name] = None
                strangers[vendor_name] = value
        return strangers

    def _keep(self, record: Row, strangers: Row) -> None:
        record["additional_fields"] = {**(record.get("additional_fields") or {}), **strangers}
        for name in strangers.keys() - self._known_strangers:
            self._known_strangers.add(name)
            logger.info(
                "Stream '%s': the field '%s' is not in the schema, or not as it says; it is kept in additional_fields.",
                self._stream,
                name,
            )


def _kinds(prop: Mapping[str, Any]) -> frozenset[type]:
    names = prop.get("type", list(KINDS))
    return frozenset(kind for name in ([names] if isinstance(names, str) else names) for kind in KINDS[name])


def _inner_times(prop: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names of times inside the objects of a property, as a tree with None at its leaves."""
    inner = prop.get("items", prop).get("properties", {})
    return {
        name: times or None
        for name, found in inner.items()
        if (times := _inner_times(found)) or found.get("format") == "date-time"
    }


def _settle(value: Any, times: Mapping[str, Any]) -> None:
    """Write the times in an object, or in each of a list, in UTC; what is no time stays as it is."""
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, dict):
            for name in times.keys() & item.keys():
                if times[name]:
                    _settle(item[name], times[name])
                elif isinstance(item[name], str):
                    item[name] = utc(item[name]) or item[name]


def _fit(value: Any, kinds: frozenset[type]) -> Any:
    """Return the value as one of these types without losing anything, or None."""
    if str in kinds and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and int in kinds and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return _number(value, kinds)
    return None


def _number(text: str, kinds: frozenset[type]) -> int | float | None:
    for kind in (int, float):
        if kind in kinds:
            try:
                number = kind(text)
            except ValueError:
                continue
            if str(number) == text if kind is int else isfinite(number) and "_" not in text:
                return number
    return None


def utc(text: str) -> str | None:
    """Return an ISO 8601 time in UTC, ending in `Z`, or None for what is no such time.

    A time without an offset is taken as UTC.
    """
    try:
        time = datetime.fromisoformat(text)
        if len(text) == 20 and text[10] == "T" and text[-1] == "Z":
            return text
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time.isoformat(timespec="microseconds" if time.microsecond else "seconds").replace("+00:00", "Z")
