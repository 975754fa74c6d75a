"""From a vendor's record to a stream's: names made safe, links turned into keys, times in UTC, nothing lost."""

from __future__ import annotations

import logging
from math import isfinite
from typing import TYPE_CHECKING, Any, NewType

from osdi_crm_client.times import utc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from osdi_crm_client.wire import RawRow

Record = NewType("Record", dict[str, Any])
"""A record as the tap writes it: under the schema's names, with values of the schema's types."""

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
        envelope: frozenset[str],
        link_id: Callable[[RawRow, str], str | None],
    ) -> None:
        """Prepare for the schema of a stream.

        Args:
            stream: The stream's name, for the log.
            schema: Its JSON Schema with the keywords of `osdi_crm_schemas`.
            envelope: The vendor's names of what carries no data of its own, such as `_links`.
            link_id: Finds the id that a link or relationship of this name in a record points to.
        """
        properties: Mapping[str, Mapping[str, Any]] = schema["properties"]
        self._stream = stream
        self._envelope = envelope
        self._link_id = link_id
        self._names = {prop.get("x-vendor-name", name): name for name, prop in properties.items()}
        self._kinds = {name: _kinds(prop) for name, prop in properties.items()}
        self._links = [(name, prop["x-link"]) for name, prop in properties.items() if "x-link" in prop]
        self._times = [name for name, prop in properties.items() if prop.get("format") == "date-time"]
        self._inner_times = {name: times for name, prop in properties.items() if (times := _inner_times(prop))}
        self._told: set[str] = set()

    def __call__(self, row: RawRow) -> Record:
        """Return the shaped record."""
        record: Record = Record({})
        unknown = self._fill(record, row)
        for name, link in self._links:
            if record.get(name) is None:
                record[name] = self._link_id(row, link)
        for name in self._times:
            if (value := record.get(name)) is not None and (time := utc(value)) != value:
                record[name] = time
                if time is None:
                    unknown[name] = value
        for name, times in self._inner_times.items():
            self._settle(record.get(name), times)
        if unknown:
            self._keep(record, unknown)
        return record

    def _fill(self, record: Record, row: RawRow) -> dict[str, Any]:
        """Put into the record what its schema knows and takes; return the rest."""
        unknown: dict[str, Any] = {}
        for vendor_name, value in row.items():
            name = self._names.get(vendor_name)
            if name is None:
                if vendor_name not in self._envelope:
                    unknown[vendor_name] = value
            elif type(value) in self._kinds[name]:
                record[name] = value
            elif (fitted := _fit(value, self._kinds[name])) is not None:
                record[name] = fitted
            else:
                record[name] = None
                unknown[vendor_name] = value
        return unknown

    def _settle(self, value: Any, times: Mapping[str, Any]) -> None:
        """Write the times in an object, or in each of a list, in UTC; what is no time stays as it is."""
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, dict):
                for name in times.keys() & item.keys():
                    if times[name]:
                        self._settle(item[name], times[name])
                    else:
                        item[name] = utc(item[name]) or item[name]

    def _keep(self, record: Record, unknown: Mapping[str, Any]) -> None:
        record["additional_fields"] = {**(record.get("additional_fields") or {}), **unknown}
        for name in unknown.keys() - self._told:
            self._told.add(name)
            logger.info(
                "Stream '%s': the field '%s' is not in the schema, or not as it says; it is kept in additional_fields.",
                self._stream,
                name,
            )


def _kinds(prop: Mapping[str, Any]) -> frozenset[type]:
    names = prop.get("type", list(KINDS))
    return frozenset(kind for name in ([names] if isinstance(names, str) else names) for kind in KINDS[name])


def fits(value: Any, prop: Mapping[str, Any]) -> bool:
    """Whether a property takes a value, as it comes or without losing anything."""
    kinds = _kinds(prop)
    return type(value) in kinds or _fit(value, kinds) is not None


def _inner_times(prop: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names of times inside the objects of a property, as a tree with None at its leaves."""
    inner = prop.get("items", prop).get("properties", {})
    return {
        name: times or None
        for name, found in inner.items()
        if (times := _inner_times(found)) or found.get("format") == "date-time"
    }


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
