"""The start of every command: its settings read, checked and parsed once, and one clear line where they are wrong."""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click
from dotenv import dotenv_values, find_dotenv

from osdi_crm_client import redaction, settings
from osdi_crm_client.errors import ConfigurationError, VendorError, class_and_place
from osdi_crm_client.settings import ClientSettings
from osdi_crm_client.vendor import vendor, vendor_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)

ALIKE = 0.85
"""How similar two names are, from 0 to 1, of which one is taken for a typing error of the other."""

_FLAGS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


STREAM_MAPS = {
    "type": "object",
    "title": "Stream Maps",
    "description": "Expressions that rename, make or leave out streams, records and properties; see"
    " [Stream Maps](https://sdk.meltano.com/en/latest/stream_maps.html).",
}
"""The SDK's own schema of this setting is none, and fails on what is wrong instead of naming it."""


def settings_schema(plugin: type[Any], own: Mapping[str, type[Any]]) -> dict[str, Any]:
    """Return the JSON Schema of one plugin's settings.

    Args:
        plugin: The class of the plugin's settings that hold for every vendor.
        own: By vendor, the class of the plugin's settings for that vendor; the schema has them after its name.
    """
    properties = settings.properties(ClientSettings) | settings.properties(plugin)
    properties["vendor"] |= {
        "enum": list(vendor_names()),
        "x-titles": {name: vendor(name).title for name in vendor_names()},
        "description": f"Which CRM to talk to: {', '.join(vendor_names())}.",
    }
    for name in vendor_names():
        properties |= vendor(name).properties
        if name in own:
            properties |= settings.properties(own[name], f"{name}_")
        for needed in vendor(name).required:
            words = f"{properties[needed]['description']} Required for {vendor(name).title}."
            properties[needed] = {**properties[needed], "description": words}
    return {
        "type": "object",
        "properties": properties | {"stream_maps": STREAM_MAPS},
        "required": ["vendor"],
        "allOf": [
            {
                "if": {"properties": {"vendor": {"const": name}}, "required": ["vendor"]},
                "then": {"required": list(vendor(name).required)},
            }
            for name in vendor_names()
        ],
    }


def told(error: Exception) -> tuple[Any, ...]:
    """Return what to tell of an error that ends a run, each in a line of its own."""
    if isinstance(error, ConfigurationError):
        return error.args
    if isinstance(error, VendorError):
        return (error,)
    logger.debug("Unexpected", exc_info=error)
    return (f"Unexpected: {class_and_place(error)}.",)


@contextmanager
def one_line(log: logging.Logger) -> Iterator[None]:
    """Exit with 1 and a clear line where a setting is wrong, the vendor does not do its part, or whatever else."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:  # noqa: BLE001
        for line in told(error):
            log.error("%s", line)  # noqa: TRY400
        sys.exit(1)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Name the file that a command was given where it cannot be read.

    Raises:
        ConfigurationError: If it is missing, not JSON, or not a JSON object.
    """
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:  # a RuntimeError is the SDK's, of a path that is none
        raise ConfigurationError(f"The file of {what} cannot be read: {error}") from None
    except TypeError:
        raise ConfigurationError(f"The file of {what} does not hold a JSON object.") from None


def json_of(file: Path, what: str) -> Any:
    """Return the JSON that a file holds; raises as `reading` does."""
    with reading(what):
        return json.loads(file.read_text(encoding="utf-8-sig"))


def object_of(file: Path, what: str) -> dict[str, Any]:
    """Return the JSON object that a file holds; raises as `reading` does."""
    found = json_of(file, what)
    with reading(what):
        if not isinstance(found, dict):
            raise TypeError
    return found


def environment() -> dict[str, str]:
    """Return the environment's variables, and below them those of a file `.env` in this folder or above it."""
    return {name: text for name, text in {**dotenv_values(find_dotenv(usecwd=True)), **os.environ}.items() if text}


def from_environment(properties: Mapping[str, Mapping[str, Any]], prefix: str) -> dict[str, Any]:
    """Return the settings that environment variables hold.

    Args:
        properties: JSON Schema properties by setting.
        prefix: What stands before a setting's name, in capitals, in that of its variable.

    Raises:
        ConfigurationError: If a variable cannot be read as its setting's type; the value is not shown.
    """
    variables = environment()
    return {
        name: _parsed(name, f"{prefix}{name.upper()}", text, found)
        for name, found in properties.items()
        if (text := variables.get(f"{prefix}{name.upper()}"))
    }


def _parsed(name: str, variable: str, text: str, schema: Mapping[str, Any]) -> Any:
    kinds = schema.get("type", "string")
    kinds = kinds if isinstance(kinds, str) else " ".join(kinds)
    try:
        if "boolean" in kinds:
            return _FLAGS[text.strip().lower()]
        if "integer" in kinds:
            return int(text)
        if "array" in kinds and not text.lstrip().startswith("["):
            return [each.strip() for each in text.split(",")]
        return json.loads(text) if kinds in {"array", "object"} else text
    except (KeyError, RecursionError, ValueError):
        wanted = "true or false" if "boolean" in kinds else "a whole number" if "integer" in kinds else "JSON"
        raise ConfigurationError(f"The variable {variable} does not hold {wanted}; the setting is '{name}'.") from None


def configuration(
    given: Mapping[str, Any] | None, properties: Mapping[str, Mapping[str, Any]], prefix: str, *, from_env: bool
) -> dict[str, Any]:
    """Return a plugin's configuration, its secrets kept out of all logs from now on.

    Args:
        given: What the files of settings hold.
        properties: JSON Schema properties of all settings.
        prefix: What the names of the plugin's environment variables begin with.
        from_env: Whether these variables are to be read; they count above the files.

    Raises:
        ConfigurationError: If the name of a setting or variable is nearly a known one, or lacks the vendor's: with a
            misspelt setting a run may do what nobody wants. Or if a variable cannot be read.
    """
    config = dict(given or {})
    redaction.install(config, settings.secrets(properties))
    if from_env:
        config |= from_environment(properties, prefix)
        redaction.install(config, settings.secrets(properties))
    vendor_name = str(config.get("vendor"))
    for name in sorted(config.keys() - properties.keys()):
        if meant := _meant(name, properties, vendor_name):
            raise ConfigurationError(f"The setting '{name}' is not known. Did you mean '{meant}'?")
    for each in _prefixes(prefix, from_env=from_env):
        for variable in sorted(name for name in environment() if name.startswith(each)):
            name = variable.removeprefix(each).lower()
            if not name.startswith("_") and name not in properties and (meant := _meant(name, properties, vendor_name)):
                raise ConfigurationError(f"The variable {variable} is not known. Did you mean {each}{meant.upper()}?")
    return config


def _meant(name: str, properties: Mapping[str, Any], vendor_name: str) -> str | None:
    """Return the setting that an unknown name was probably meant to be."""
    if (whole := f"{vendor_name}_{name}") in properties:
        return whole
    return next(iter(get_close_matches(name, properties, n=1, cutoff=ALIKE)), None)


def _prefixes(prefix: str, *, from_env: bool) -> Iterator[str]:
    """Yield what the variables begin with that reach the plugin: its own name, and under Meltano the one it has there.

    Meltano reads them and passes a file on; `MELTANO_EXTRACTOR_NAME` and `MELTANO_LOADER_NAME` tell that name.
    """
    role = "MELTANO_EXTRACTOR_NAME" if prefix.startswith("TAP_") else "MELTANO_LOADER_NAME"
    name = os.environ.get(role)
    if from_env or name:
        yield prefix
    if name and (own := f"{name.upper().replace('-', '_')}_") != prefix:
        yield own


def warn_of_unused(config: Mapping[str, Any], properties: Mapping[str, Mapping[str, Any]]) -> None:
    """Warn of settings that nothing reads: unknown ones, and another vendor's that are not at their default."""
    others = [vendor(name) for name in vendor_names() if name != config.get("vendor")]
    for name in sorted(config):
        owner = next((other for other in others if name.startswith(f"{other.name}_")), None)
        if name not in properties:
            logger.warning("The setting '%s' is not known and has no effect.", name)
        elif owner and config[name] != properties[name].get("default"):
            logger.warning("The setting '%s' belongs to %s and has no effect here.", name, owner.title)
