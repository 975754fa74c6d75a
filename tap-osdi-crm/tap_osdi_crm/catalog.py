"""The catalog that the tap is given: checked where it comes in. It chooses streams, properties and methods, no keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import ConfigurationError
from singer_sdk.singerlib import Catalog, Metadata, Schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from singer_sdk.singerlib import CatalogEntry

METHODS = (None, "FULL_TABLE", "INCREMENTAL")

_TYPES = {"null", "boolean", "integer", "number", "string", "array", "object"}
_ANEW = "make it anew with --discover."


def checked(found: dict[str, Any]) -> dict[str, Any]:
    """Return a catalog, if it is one.

    Raises:
        ConfigurationError: If it is none; the message names the stream.
    """
    try:
        for entry in Catalog.from_dict(found).values():
            _check(entry)
    except (AttributeError, LookupError, TypeError, ValueError):
        raise ConfigurationError(f"The catalog is not one; {_ANEW}") from None
    return found


def _check(entry: CatalogEntry) -> None:
    name = entry.tap_stream_id
    if entry.stream not in {None, name}:
        raise ConfigurationError(
            f"The catalog calls '{name}' '{entry.stream}'. Leave it its own name there, and rename it with"
            " 'stream_maps'."
        )
    if entry.replication_method not in METHODS:
        raise ConfigurationError(
            f"The catalog has '{name}' read by a method that there is not: it can be FULL_TABLE or INCREMENTAL."
        )
    if not entry.schema.properties or not all(map(_is_typed, entry.schema.properties.values())):
        raise ConfigurationError(f"The catalog holds no schema of '{name}'; {_ANEW}")


def _is_typed(node: Any) -> bool:
    kinds = node.type if isinstance(node, Schema) else None
    return isinstance(node, bool) or kinds is None or _TYPES.issuperset([kinds] if isinstance(kinds, str) else kinds)


def keep(entry: CatalogEntry, keys: Iterable[str], changed: str | None, properties: Mapping[str, Any]) -> None:
    """Have an entry leave a stream its keys, and what it is read by: without them its records cannot be told apart.

    Args:
        entry: The stream's.
        keys: Its keys.
        changed: Its replication key, if it has one.
        properties: Its own properties.
    """
    entry.key_properties = list(keys)
    entry.replication_key = changed if entry.replication_key else None
    for name in filter(None, (*keys, changed)):
        (entry.schema.properties or {}).setdefault(name, Schema.from_dict(properties[name]))
        if (place := ("properties", name)) in entry.metadata:
            entry.metadata[place].inclusion = Metadata.InclusionType.AUTOMATIC
