"""Correcting by a setting what nobody could confirm about how a stream is read."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.settings import setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_osdi_crm.resources import Resource

_TEXT = {"type": "string", "minLength": 1}

SETTING: Any = setting(
    "Stream overrides",
    "Corrects what is only assumed of a stream, by the stream's name: path, method, records_path (where the records"
    " stand in an answer, with dots), key (the vendor's name of the id), paging (none, page or offset), page_parameter"
    " and size_parameter.",
    default={},
    additionalProperties={
        "type": "object",
        "properties": {
            "path": _TEXT,
            "method": {"type": "string", "enum": ["GET", "POST", "PUT"]},
            "records_path": _TEXT,
            "key": _TEXT,
            "paging": {"type": "string", "enum": ["none", "page", "offset"]},
            "page_parameter": _TEXT,
            "size_parameter": _TEXT,
        },
        "additionalProperties": False,
    },
)

_FIELDS = {"records_path": "records", "key": "key_name"}
"""Names in the setting that are others in a `Resource`."""


def assumption(vendor: str, resource: Resource) -> str:
    """Return what is assumed of how a resource is read, or nothing where its vendor documents it."""
    if resource.unconfirmed:
        return str(osdi_crm_schemas.schema(vendor, resource.name)["x-unconfirmed"])
    return resource.assumption


def corrected(
    resources: Iterable[Resource],
    vendor: str,
    overrides: Mapping[str, Mapping[str, Any]],
    pagings: frozenset[str] = frozenset(),
) -> Iterable[Resource]:
    """Yield the resources as the setting wants them.

    Args:
        resources: The vendor's rows.
        vendor: Its name.
        overrides: The setting.
        pagings: The ways of paging that it may name at this vendor.

    Raises:
        ConfigurationError: If it names a stream that the vendor does not have, or documents, or gives one a path with a
            placeholder that nothing fills, or a way of paging that the vendor does not have.
    """
    left = dict(overrides)
    for resource in resources:
        change = left.pop(resource.name, {})
        if change and not assumption(vendor, resource):
            raise ConfigurationError(
                f"The setting 'stream_overrides' names '{resource.name}', of which nothing is assumed; take it out."
            )
        fills = resource.parents or "{id}" in resource.path
        path = change.get("path", "")
        if re.search("[{}]", path.replace("{id}", "") if fills else path):
            raise ConfigurationError(
                f"The setting 'stream_overrides' gives '{resource.name}' a path with a placeholder that nothing fills;"
                f" it may hold {'{id}' if fills else 'none'}."
            )
        if change.get("paging", "none") not in {"none", *pagings}:
            raise ConfigurationError(
                f"The setting 'stream_overrides' gives '{resource.name}' a paging that the vendor does not have; it may"
                f" be: {', '.join(sorted(pagings)) or 'none'}."
            )
        yield replace(resource, **{_FIELDS.get(name, name): value for name, value in change.items()})
    if left:
        raise ConfigurationError(
            f"The setting 'stream_overrides' names '{min(left)}', which is no stream of this vendor; take it out."
        )
