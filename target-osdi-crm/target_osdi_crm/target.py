"""The target: settings in, records in, STATE out, and a run that ends in one clear line and a telling exit code."""

from __future__ import annotations

import json
import re
import sys
import threading
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from osdi_crm_client import ending, garbage, metrics, startup, stdout
from osdi_crm_client.account import Account
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.settings import parse
from singer_sdk import Target
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities
from typing_extensions import override

from target_osdi_crm.intake.arrivals import encode
from target_osdi_crm.intake.mapping import Mapper
from target_osdi_crm.intake.reader import Reader
from target_osdi_crm.intake.sink import RecordSink
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.report import summary
from target_osdi_crm.run import Run
from target_osdi_crm.settings import TargetSettings
from target_osdi_crm.stop import CONFIGURATION, TERMINATED, Stop
from target_osdi_crm.vendors import vendor, vendor_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import click
    from singer_sdk.mapper import StreamMap

LONGEST_END = 10.0
"""Seconds that the end of a run may take, beside those for what is under way."""

_TERMINATED = Stop(TERMINATED, "The run was told to end.")


@contextmanager
def beginning() -> Iterator[None]:
    """Tell as any other error why a run stops before it began.

    Raises:
        ConfigurationError: In its place.
    """
    try:
        yield
    except Stop as stop:
        raise ConfigurationError(str(stop)) from None


@contextmanager
def _one_line() -> Iterator[None]:
    """End the program with one clear line."""
    with startup.one_line(TargetOSDICRM.logger), beginning():
        yield


_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def _of_model(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a vendor that are others where records come in the shared model, unless they are set."""
    name = config.get("vendor")
    if config.get("model") != "osdi" or name not in vendor_names():
        return {}
    return {f"{name}_{each}": value for each, value in vendor(name).for_model.items()}


class TargetOSDICRM(Target):
    """Writes people, tags, actions and what people did in them to organising CRMs."""

    name = "target-osdi-crm"
    config_jsonschema: ClassVar[dict[str, Any]] = startup.settings_schema(
        TargetSettings, {name: vendor(name).settings for name in vendor_names()}
    )
    default_sink_class = RecordSink
    message_reader_class = Reader
    capabilities: ClassVar[list[Any]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
    ]

    @override
    def __init__(self, **kwargs: Any) -> None:
        self.append_builtin_config(self.config_jsonschema)
        known = self.config_jsonschema["properties"]
        from_env = bool(kwargs.pop("parse_env_config", False))
        config = startup.configuration(kwargs.get("config"), known, self._env_var_prefix, from_env=from_env)
        kwargs["config"] = {**_of_model(config), **config}
        self.told_to_end = threading.Event()
        try:
            super().__init__(**kwargs)
        except ConfigValidationError as error:
            raise ConfigurationError(*error.errors) from None
        metrics.leave_to_programs(self.metrics_logger)
        startup.warn_of_unused(self.config, known)
        self.max_parallelism = 1
        self.reader = cast("Reader", self.message_reader)
        self.reader.target = self

    @cached_property
    def settings(self) -> TargetSettings:
        """The settings that hold for every vendor.

        Raises:
            ConfigurationError: If one is wrong.
        """
        return parse(TargetSettings, self.config)

    @cached_property
    def account(self) -> Account:
        """The account that is written to."""
        return Account(self.config)

    @cached_property
    def run(self) -> Run:
        """The run, begun when first needed.

        Raises:
            ConfigurationError: If a setting is wrong.
            Stop: If another run is writing to the account.
        """
        run = Run(self.config, self.settings, self.account)
        threading.Thread(target=self._end_when_told, args=(run,), name="ending", daemon=True).start()
        return run

    @override
    def setup_mapper(self) -> None:
        self.mapper = Mapper(dict(self.config), self.logger, self._reject_unmapped)

    def _reject_unmapped(self, mapped: StreamMap, record: dict[str, Any], error: Exception) -> None:
        """Reject a record that a stream map has failed on."""
        if self.run.offer.stream(mapped.stream_alias):
            source = self.run.input(mapped.stream_alias, mapped.transformed_key_properties or ())
            fault = Rejection("not_mapped", ": ".join(str(each) for each in (error, error.__cause__) if each))
            self.run.take_fault(source, fault, record, self.reader)

    @override
    def _setup_signal_handlers(self) -> None:
        """Note that the run is to end; the SDK would settle records inside the handler."""
        ending.when_told(self._tell_to_end)

    def _tell_to_end(self, *_: Any) -> None:
        if not self.told_to_end.is_set():
            ending.in_time(self.settings.grace_seconds + LONGEST_END)
        self.told_to_end.set()
        if self.reader.blocked:
            raise _TERMINATED

    def _end_when_told(self, run: Run) -> None:
        self.told_to_end.wait()
        run.stop(_TERMINATED)

    @override
    def _write_state_message(self, state: dict[str, Any]) -> None:
        try:
            self.write_state(state)
        except BrokenPipeError:
            stdout.let_go()
            self.run.stop(Stop(CONFIGURATION, "Nobody reads the STATE messages that the target writes."))

    def write_state(self, state: dict[str, Any]) -> None:
        """Write a state with its numbers as they came, which the SDK's own way cannot."""
        print(_NOT_ASCII.sub(_escaped, encode(state).decode()), flush=True)  # noqa: T201

    @override
    def process_endofpipe(self) -> None:
        """Settle everything, pass STATE on, sum up, and exit with a code that tells how it went."""
        run = self.run
        if self.told_to_end.is_set():
            run.stop(_TERMINATED)
        run.finish(self.reader.broken, meanwhile=self.reader.pass_on_in_time)
        self.reader.pass_state_on()
        super().process_endofpipe()
        result = run.end()
        self.logger.info(
            "%s\n%s", "What would be done:" if result["dry_run"] else "What was done:", summary.table(result)
        )
        summary.keep(self.account.settings.folder, result)
        if run.stopped:
            tell = self.logger.error if run.stopped.code == CONFIGURATION else self.logger.warning
            tell("Stopped: %s", run.stopped)
        if result["code"]:
            sys.exit(result["code"])

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        command.help = cls.__doc__
        return command

    @classmethod
    @override
    def invoke(cls, *, config: Any = None, file_input: Any = None, **kwargs: Any) -> None:
        super(Target, cls).invoke(**kwargs)
        with _one_line():
            stdout.require_open()
            if file_input is None and sys.stdin is None:
                raise ConfigurationError("Standard input is closed, so that there are no messages to read.")
            cls.print_version(print_fn=cls.logger.info)
            target = cls(config=config.config if config else {}, parse_env_config=bool(config and config.parse_env))
            garbage.look_seldom()
            target.listen(file_input)

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        with _one_line(), startup.reading("settings"):
            return super().cb_config(ctx, param, value)
