"""The flat settings of both plugins: shared ones, then each vendor's own under its name."""

from __future__ import annotations

import logging
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.vendor import vendor, vendor_names

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

NUMBER: dict[str, Any] = {
    "type": ["number", "string"],
    "minimum": 0,
    "maximum": 999_999_999,
    "pattern": r"^\d{1,9}(\.\d+)?$",
}
"""The type of a setting that is a number, zero or more; environment variables bring it as text."""

SHARED: dict[str, dict[str, Any]] = {
    "vendor": {
        "type": "string",
        "enum": list(vendor_names()),
        "x-titles": {name: vendor(name).title for name in vendor_names()},
        "title": "Vendor",
        "description": f"Which CRM to talk to: {', '.join(vendor_names())}.",
    },
    "account": {
        "type": "string",
        "title": "Account name",
        "description": "A name for the list, nation or organisation that outlives its credentials. "
        "Needed where the other settings do not tell it.",
    },
    "work_dir": {
        "type": "string",
        "default": ".osdi-crm",
        "title": "Working folder",
        "description": "Where the plugin keeps what it must remember; its files are readable by their owner only.",
    },
    "token_store": {
        "type": "string",
        "secret": True,
        "writeOnly": True,
        "title": "Token store",
        "description": "Where tokens that change are kept: a file, or a database address such as "
        "postgresql://user@host/db. Without it, tokens.json in the working folder.",
    },
    "calls_per_second": {
        **NUMBER,
        "title": "Calls per second",
        "description": "The pace to aim at instead of the vendor's limit less a margin; 0 sets no pace.",
    },
    "index_lag_seconds": {
        **NUMBER,
        "title": "Index lag",
        "description": "Seconds after which a change is sure to show in the vendor's searches.",
    },
    "timeout_seconds": {
        **NUMBER,
        "default": 60,
        "title": "Timeout",
        "description": "Seconds to wait for an answer of the vendor.",
    },
}


def settings_schema(
    shared: Mapping[str, Mapping[str, Any]],
    own: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> dict[str, Any]:
    """Return the JSON Schema of one plugin's settings.

    Args:
        shared: The plugin's settings that hold for every vendor.
        own: By vendor, the plugin's settings for that vendor; their names start with the vendor's.
    """
    properties = {**SHARED, **shared}
    for name in vendor_names():
        properties |= {**vendor(name).settings, **own.get(name, {})}
        for needed in vendor(name).required:
            words = f"{properties[needed]['description']} Required for {vendor(name).title}."
            properties[needed] = {**properties[needed], "description": words}
    return {
        "type": "object",
        "properties": {name: dict(setting) for name, setting in properties.items()},
        "required": ["vendor"],
        "allOf": [
            {
                "if": {"properties": {"vendor": {"const": name}}, "required": ["vendor"]},
                "then": {"required": list(vendor(name).required)},
            }
            for name in vendor_names()
        ],
    }


def secret_settings(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the settings of this schema that hold secrets."""
    return tuple(name for name, setting in schema["properties"].items() if setting.get("secret"))


def refuse_slips(config: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Refuse settings whose name is nearly that of a known one, or lacks the vendor's: a run may do what nobody wants.

    Raises:
        ConfigurationError: If there is one.
    """
    for name in sorted(config.keys() - known.keys()):
        whole = f"{config.get('vendor')}_{name}"
        if meant := [whole] if whole in known else get_close_matches(name, known, n=1, cutoff=0.85):
            raise ConfigurationError(f"The setting '{name}' is not known. Did you mean '{meant[0]}'?")


def warn_of_strangers(config: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> None:
    """Warn of settings that nothing reads: unknown ones, and another vendor's that are not at their default."""
    others = [vendor(name) for name in vendor_names() if name != config.get("vendor")]
    for name in sorted(config):
        owner = next((other for other in others if name.startswith(f"{other.name}_")), None)
        if name not in known:
            logger.warning("The setting '%s' is not known and has no effect.", name)
        elif owner and config[name] != known[name].get("default"):
            logger.warning("The setting '%s' belongs to %s and has no effect here.", name, owner.title)
