"""Flat columns, as a warehouse has them, to the nested fields of a vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import osdi_crm_schemas

from target_osdi_crm.intake.values import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_osdi_crm.vendor import Shaped


def from_columns(shaped: Shaped, places: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Take the columns that have a place in a nested field out of what is unknown: field → part → text.

    Args:
        shaped: The record.
        places: Field and part by column, folded.
    """
    nested: dict[str, dict[str, str]] = {}
    for name in list(shaped.unknown):
        if place := places.get(osdi_crm_schemas.fold(name)):
            field, part = place
            if text := text_of(shaped.unknown.pop(name)).strip():
                nested.setdefault(field, {})[part] = text
    return nested
