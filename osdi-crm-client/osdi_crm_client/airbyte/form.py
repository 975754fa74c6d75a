"""A connector's settings as Airbyte's form shows them, and what the form sends as a configuration of the plugin's.

The form knows no conditions, and no values of more than one type. So a vendor's settings stand in an object of their
own, `vendor`, of which there is one for each vendor to choose from; what is an object by itself is typed in as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from osdi_crm_client.vendor import vendor, vendor_names

if TYPE_CHECKING:
    from collections.abc import Collection

CHOICE = "vendor"
"""The setting that is an object in the form: the vendor's name, and all settings that begin with it."""

_KEPT = ("title", "description", "default", "enum", "minimum", "maximum", "format", "items")
_AS_JSON = " As JSON."


def form(schema: Mapping[str, Any], left_out: Collection[str]) -> dict[str, Any]:
    """Return the settings of a plugin as a JSON Schema that the form can show, without those left out."""
    properties = {name: each for name, each in schema["properties"].items() if name not in left_out}
    owned = {name: [each for each in properties if each.startswith(f"{name}_")] for name in vendor_names()}
    shared = [name for name in properties if name != CHOICE and not any(name in own for own in owned.values())]
    choice = {
        "type": "object",
        "title": "CRM",
        "description": "Which CRM to talk to, and how to sign in there.",
        "order": 0,
        "oneOf": [_vendor_form(name, {each: properties[each] for each in owned[name]}) for name in vendor_names()],
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "required": [CHOICE],
        "additionalProperties": True,
        "properties": {CHOICE: choice, **_fields({name: properties[name] for name in shared})},
    }


def _vendor_form(name: str, properties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    required = vendor(name).required
    in_order = {each: properties[each] for each in sorted(properties, key=lambda each: each not in required)}
    return {
        "type": "object",
        "title": vendor(name).title,
        "required": [CHOICE, *required],
        "additionalProperties": True,
        "properties": {CHOICE: {"type": "string", "const": name, "order": 0}, **_fields(in_order)},
    }


def _fields(properties: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {**_field(each), "order": order} for order, (name, each) in enumerate(properties.items(), start=1)}


def _field(setting: Mapping[str, Any]) -> dict[str, Any]:
    kinds = [setting["type"]] if isinstance(setting["type"], str) else setting["type"]
    field = {"type": kinds[0], **{name: setting[name] for name in _KEPT if name in setting}}
    if "object" in kinds:
        field["type"] = "string"
        field["description"] += _AS_JSON if kinds == ["object"] else ""
        field.pop("default", None)
    if setting.get("secret"):
        field["airbyte_secret"] = True
    return field


def configuration(given: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form sends, or a file in the plugin's own form, as a configuration of the plugin's."""
    properties = schema["properties"]
    config = dict(given)
    if isinstance(chosen := config.get(CHOICE), Mapping):
        name = chosen.get(CHOICE)
        config |= {each if each in properties else f"{name}_{each}": value for each, value in chosen.items()}
    return {name: _value(each, properties.get(name, {})) for name, each in config.items() if not _is_blank(each)}


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _value(value: Any, setting: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and setting.get("type") == "object":
        with suppress(ValueError):
            return json.loads(value)
    return value
