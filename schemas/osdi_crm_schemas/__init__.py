"""The JSON Schemas of every vendor's streams, and the names under which a vendor reads and writes their properties.

A stream's file says in standard JSON Schema what its records hold, and in keywords of its own how they travel:

- ``x-vendor-name``: the name in the vendor's answer, where it differs from the property's.
- ``x-link``: the link or relationship whose target's id is this value, when the vendor gives no property for it.
- ``x-refers-to``: the stream of the same vendor whose key this property holds.
- ``x-write``: what a writer may set it in (``create``, ``update``, ``helper``); without it the property is read-only.
- ``x-write-name``: the name in a request, where it differs from the one in the answer.
- ``x-write-only``: the vendor takes it and never gives it back; on a schema, the whole stream can only be written.
- ``x-address``: it holds an ``email`` address or a ``phone`` number.
- ``x-id``: it holds an id, whatever system's, as text: 17, 17.0 and "17.0" are one.
- ``x-date``: it holds a date in a form of the vendor's own that nobody has published.
- ``x-comma-separated``: a list that writers may give as text with commas, or such text that they may give as a list;
  of a list of objects it names the member that the text is.
- ``x-may-be-kept``: the vendor may keep its own value whatever is sent, which is then counted and rejects nothing.
- ``x-extra-field``: the vendor gives it only when asked for it by name.
- ``x-osdi``: the shared stream, or the place in the shared model, that it stands for (``crosswalk``).

``x-unconfirmed`` on a schema or a property says what is assumed there, and ``x-probe`` how that is tried at an account:
a ``stream`` by reading it, a property by its ``name``, its ``type``, or as ``either`` of two names; any other is one of
the tap's probes. Keys inside nested objects are the vendor's own; one that a writer may not set carries the standard
``readOnly``, one that is never given back ``writeOnly``.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Operation",
    "fold",
    "may_be_kept",
    "property_names",
    "schema",
    "shared_schema",
    "streams",
    "vendor_names",
    "vendors",
    "write_names",
]

Operation = Literal["create", "update", "helper"]

_SHARED = "osdi"
"""The folder of the streams of the shared model, which are no vendor's."""

_ADDITIONAL_FIELDS = {
    "type": ["null", "object"],
    "description": "Fields of the vendor's answer that this schema does not know, under the vendor's names.",
    "additionalProperties": True,
}


@functools.cache
def vendors() -> tuple[str, ...]:
    """The vendors that have schemas, sorted."""
    folders = (entry for entry in resources.files(__name__).iterdir() if entry.is_dir() and entry.name != _SHARED)
    return tuple(sorted(folder.name for folder in folders if any(_is_schema(file.name) for file in folder.iterdir())))


@functools.cache
def streams(vendor: str) -> tuple[str, ...]:
    """The streams of one vendor, sorted.

    Raises:
        LookupError: no such vendor.
    """
    if vendor not in vendors():
        raise LookupError(f"No vendor {vendor!r}; there are {', '.join(vendors())}.")
    folder = resources.files(__name__) / vendor
    return tuple(sorted(file.name.removesuffix(".json") for file in folder.iterdir() if _is_schema(file.name)))


def schema(vendor: str, stream: str) -> dict[str, Any]:
    """The schema of one stream, the caller's own to change, with ``additional_fields`` as its last property.

    Raises:
        LookupError: no such vendor or stream.
    """
    result = copy.deepcopy(_file(vendor, stream))
    result["properties"]["additional_fields"] = copy.deepcopy(_ADDITIONAL_FIELDS)
    return result


def shared_schema(stream: str) -> dict[str, Any]:
    """The schema of one stream of the shared model, the caller's own to change."""
    return copy.deepcopy(_read(_SHARED, stream))


def fold(name: str) -> str:
    """A name as it can be recognised in any warehouse: lower case, letters a to z and digits only."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@functools.cache
def property_names(vendor: str, stream: str) -> Mapping[str, str]:
    """Folded name → property, for every property of ``schema(vendor, stream)``: the way back from a column.

    Raises:
        LookupError: no such vendor or stream.
    """
    return MappingProxyType({fold(name): name for name in schema(vendor, stream)["properties"]})


@functools.cache
def vendor_names(vendor: str, stream: str) -> Mapping[str, str]:
    """Property → its name in the vendor's answers, for every property that is not write-only.

    Raises:
        LookupError: no such vendor or stream.
    """
    return MappingProxyType(
        {
            name: found.get("x-vendor-name", name)
            for name, found in _file(vendor, stream)["properties"].items()
            if not found.get("x-write-only")
        }
    )


@functools.cache
def write_names(vendor: str, stream: str, operation: Operation) -> Mapping[str, str]:
    """Property → its name in the body of a request, for every property that the operation may set.

    A property that carries ``x-link`` or ``x-refers-to`` may have to travel as a link, or in the path, instead.

    Raises:
        LookupError: no such vendor or stream.
    """
    return MappingProxyType(
        {
            name: found.get("x-write-name", found.get("x-vendor-name", name))
            for name, found in _file(vendor, stream)["properties"].items()
            if operation in found.get("x-write", ())
        }
    )


@functools.cache
def may_be_kept(vendor: str, stream: str) -> frozenset[str]:
    """The vendor's names of the properties of which it may keep its own value, whatever it is sent."""
    properties = _file(vendor, stream)["properties"]
    return frozenset(node.get("x-vendor-name", name) for name, node in properties.items() if node.get("x-may-be-kept"))


@functools.cache
def _file(vendor: str, stream: str) -> dict[str, Any]:
    if stream not in streams(vendor):
        raise LookupError(f"{vendor} has no stream {stream!r}; there are {', '.join(streams(vendor))}.")
    return _read(vendor, stream)


@functools.cache
def _read(folder: str, stream: str) -> dict[str, Any]:
    text = (resources.files(__name__) / folder / f"{stream}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _is_schema(file_name: str) -> bool:
    return file_name.endswith(".json")
