"""The command of an Airbyte connector, as the platform calls it: spec, check, discover, and read or write."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click
from airbyte_protocol.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    ConfiguredAirbyteCatalog,
    ConnectorSpecification,
    Status,
    Type,
)

from osdi_crm_client import garbage, redaction, startup, stdout
from osdi_crm_client.airbyte import form, messages
from osdi_crm_client.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Config = dict[str, Any]

OF_THE_SDK = frozenset(
    {
        "stream_map_config",
        "faker_config",
        "flattening_enabled",
        "flattening_max_depth",
        "flattening_max_key_length",
        "flattening_separator",
    }
)
"""Settings that the SDK adds to those of a plugin."""


class Connector(ABC):
    """What a source and a destination have in common.

    Attributes:
        title: What it is, in a sentence.
        schema: JSON Schema of the plugin's settings.
        left_out: Settings that are of no use on a platform.
        moves: The command that moves records.
        specified: What else its specification says.
    """

    title: ClassVar[str]
    schema: ClassVar[Mapping[str, Any]]
    left_out: ClassVar[frozenset[str]]
    moves: ClassVar[str]
    specified: ClassVar[Mapping[str, Any]]

    def specification(self) -> AirbyteMessage:
        """Return what it is to be told."""
        shown = form.form(self.schema, self.left_out | OF_THE_SDK)
        spec = ConnectorSpecification.model_validate({"connectionSpecification": shown, **self.specified})
        return AirbyteMessage(type=Type.SPEC, spec=spec)

    @abstractmethod
    def check(self, config: Config) -> None:
        """Make sure that the account can be reached.

        Raises:
            ConfigurationError: If a setting is wrong.
            VendorError: If it cannot.
        """

    @abstractmethod
    def discover(self, config: Config) -> AirbyteMessage:
        """Return the streams there are."""

    @abstractmethod
    def move(self, config: Config, catalog: ConfiguredAirbyteCatalog, state: list[dict[str, Any]]) -> None:
        """Move the records of these streams, from these states on."""

    def checked(self, config: Callable[[], Config]) -> AirbyteMessage:
        """Return whether the account can be reached, and why not."""
        try:
            self.check(config())
        except Exception as error:  # noqa: BLE001
            why = "\n".join(map(str, startup.told(error)))
            status = AirbyteConnectionStatus(status=Status.FAILED, message=redaction.redact(why))
        else:
            status = AirbyteConnectionStatus(status=Status.SUCCEEDED)
        return AirbyteMessage(type=Type.CONNECTION_STATUS, connectionStatus=status)

    def command(self) -> click.Group:
        """Return the command."""
        group = click.Group(help=self.title, context_settings={"help_option_names": ["-h", "--help"]})
        config = click.Option(["--config"], required=True, help="The file of settings.")
        catalog = click.Option(["--catalog"], required=True, help="The file of the configured catalog.")
        state = click.Option(["--state"], help="The file of the states of the run before.")

        def spec(**_: str) -> None:
            messages.write(self.specification())

        def check(config: str) -> None:
            messages.write(self.checked(lambda: self._config(config)))

        def discover(config: str) -> None:
            messages.write(self.discover(self._config(config)))

        def move(config: str, catalog: str, state: str | None = None) -> None:
            garbage.look_seldom()
            self.move(self._config(config), _catalog(catalog), _states(state) if state else [])

        moving = [config, catalog, *([state] if self.moves == "read" else [])]
        for name, call, options, help_ in (
            ("spec", spec, [], "Tell the settings."),
            ("check", check, [config], "Tell whether the account can be reached."),
            ("discover", discover, [config], "Tell the streams."),
            (self.moves, move, moving, f"{self.moves.title()} records."),
        ):
            group.add_command(click.Command(name, callback=call, params=list(options), help=help_))
        return group

    def run(self, arguments: Sequence[str] | None = None) -> None:
        """Run the command; exits with 1 after a message that tells what is wrong."""
        messages.log_as_messages()
        with messages.errors_told():
            stdout.require_open()
            self.command().main(arguments, standalone_mode=False)

    def _config(self, file: str) -> Config:
        config = form.configuration(startup.object_of(Path(file), "settings"), self.schema)
        for name in sorted(self.left_out & config.keys()):
            if config[name] and config[name] != self.schema["properties"][name].get("default"):
                raise ConfigurationError(f"The setting '{name}' is of no use under Airbyte. Leave it out.")
        return config


def _catalog(file: str) -> ConfiguredAirbyteCatalog:
    found = startup.json_of(Path(file), "catalog")
    try:
        return ConfiguredAirbyteCatalog.model_validate(found)
    except ValueError:
        raise ConfigurationError("The file of catalog does not hold a configured catalog of Airbyte's.") from None


def _states(file: str) -> list[dict[str, Any]]:
    found = startup.json_of(Path(file), "state")
    found = found if isinstance(found, list) else [found]
    if not all(isinstance(each, dict) for each in found):
        raise ConfigurationError("The file of state does not hold states of Airbyte's.")
    return found


def main(connector: Connector) -> None:
    """Run a connector; a wrong option is told on standard error, with exit code 2."""
    try:
        connector.run()
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
