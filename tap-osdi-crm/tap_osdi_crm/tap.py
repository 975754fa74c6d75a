"""The tap: settings, discovery, and a run that ends in one clear line whatever happens."""

from __future__ import annotations

import json
import pkgutil
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, ClassVar

from osdi_crm_client import ending, garbage, metrics, startup, stdout
from osdi_crm_client.account import Account
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.settings import parse
from osdi_crm_schemas.crosswalk import Crosswalk, shared_streams
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError, MapExpressionError, StreamMapConfigError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from typing_extensions import override

from tap_osdi_crm import overrides, vendors
from tap_osdi_crm.catalog import checked as checked_catalog
from tap_osdi_crm.catalog import keep
from tap_osdi_crm.ordering import in_order
from tap_osdi_crm.progress import Progress, estimate
from tap_osdi_crm.settings import TapSettings
from tap_osdi_crm.source import Sources
from tap_osdi_crm.state import checked, of_model
from tap_osdi_crm.stream import VendorStream
from tap_osdi_crm.writer import MessageWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import click
    from osdi_crm_client.redaction import OwnLines
    from singer_sdk import Stream
    from singer_sdk.singerlib import CatalogEntry


LONGEST_END = 10.0
"""Seconds that the tap may take to end."""


def _module(vendor: str) -> Any:
    return import_module(f"{vendors.__name__}.{vendor}")


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Tell by the setting, or what to do, what the SDK and the system say in their own words.

    Raises:
        ConfigurationError: In their place.
    """
    try:
        yield
    except (MapExpressionError, StreamMapConfigError) as error:
        raise ConfigurationError(f"The setting 'stream_maps' cannot be used: {error}") from None
    except BrokenPipeError:
        stdout.let_go()
        raise ConfigurationError(
            "Nobody reads what the tap writes: the loader has ended, and its own log tells why."
        ) from None


@contextmanager
def _one_line() -> Iterator[None]:
    """End the program with one clear line, also where nobody reads what it writes."""
    with startup.one_line(TapOSDICRM.logger), in_plain_words():
        yield


class TapOSDICRM(Tap):
    """Reads people, actions and everything around them from organising CRMs."""

    name = "tap-osdi-crm"
    config_jsonschema: ClassVar[dict[str, Any]] = startup.settings_schema(
        TapSettings, {module.name: _module(module.name).Settings for module in pkgutil.iter_modules(vendors.__path__)}
    )
    capabilities: ClassVar[list[Any]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    dynamic_catalog = True
    message_writer_class = MessageWriter
    message_writer: MessageWriter

    @override
    def __init__(self, **kwargs: Any) -> None:
        self.append_builtin_config(self.config_jsonschema)
        known = self.config_jsonschema["properties"]
        from_env = bool(kwargs.pop("parse_env_config", False))
        kwargs["config"] = startup.configuration(kwargs.get("config"), known, self._env_var_prefix, from_env=from_env)
        try:
            super().__init__(**kwargs)
        except ConfigValidationError as error:
            raise ConfigurationError(*error.errors) from None
        metrics.leave_to_programs(self.metrics_logger)
        startup.warn_of_unused(self.config, known)

    @cached_property
    def settings(self) -> TapSettings:
        """The settings that hold for every vendor.

        Raises:
            ConfigurationError: If one is wrong.
        """
        return parse(TapSettings, self.config)

    @cached_property
    def account(self) -> Account:
        """The account that all streams read."""
        return Account(self.config)

    @cached_property
    def progress(self) -> Progress:
        """How far this run is."""
        return Progress(self.account)

    @cached_property
    def sources(self) -> Sources:
        """What the account offers to read.

        Raises:
            ConfigurationError: If a setting of the vendor's is wrong.
        """
        return self.sources_read(
            self.settings.stream_overrides,
            is_test=lambda: any(stream.ABORT_AT_RECORD_COUNT is not None for stream in self.streams.values()),
        )

    def sources_read(self, overridden: Mapping[str, Any], *, is_test: Callable[[], bool]) -> Sources:
        """Return what the account offers to read, some streams read as the setting `stream_overrides` would have it.

        Raises:
            ConfigurationError: If a setting of the vendor's is wrong.
        """
        vendor = self.account.vendor.name
        module = _module(vendor)
        kind = module.SOURCE
        own = parse(module.Settings, self.config, f"{vendor}_")
        return Sources(
            kind,
            overrides.corrected(module.RESOURCES, vendor, overridden, kind.pagings),
            account=self.account,
            settings=self.settings,
            own=module.for_model(own) if self._is_shared and hasattr(module, "for_model") else own,
            is_test=is_test,
        )

    @override
    def setup_mapper(self) -> None:
        """Map what the streams have left of the catalog."""
        _ = self.streams
        super().setup_mapper()

    @property
    def _is_shared(self) -> bool:
        """Whether the streams of the shared model are wanted, and not the vendor's own."""
        return self.account.settings.model == "osdi"

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(of_model(state, self.account.settings.model))

    @override
    def discover_streams(self) -> Sequence[VendorStream]:
        streams = self._shared_streams() if self._is_shared else self._vendors_streams()
        for stream in streams.values():
            if within := stream.source.resource.within:
                streams[within].child_streams.append(stream)
            if self.input_catalog and (entry := self.input_catalog.get_stream(stream.name)):
                keep(entry, stream.primary_keys, stream.replication_key, stream.schema["properties"])
        return list(streams.values())

    @cached_property
    @override
    def streams(self) -> dict[str, Stream]:
        """The streams, in the order in which they are read."""
        found = super().streams
        order = in_order({each.name: each.refers_to() for each in found.values() if isinstance(each, VendorStream)})
        return {name: found[name] for name in order}

    def _vendors_streams(self) -> dict[str, VendorStream]:
        return {
            name: VendorStream(self, self.sources.make(name), self.progress)
            for name, resource in self.sources.resources.items()
            if not resource.unconfirmed or self.settings.unconfirmed_streams
        }

    def _shared_streams(self) -> dict[str, VendorStream]:
        """Return the streams of the shared model, by the vendor's that they stand on.

        Raises:
            ConfigurationError: If the vendor has none.
        """
        vendor = self.account.vendor
        crosswalks = [Crosswalk(vendor.name, name) for name in shared_streams(vendor.name)]
        if not crosswalks:
            raise ConfigurationError(f"The setting 'model' is 'osdi', of which {vendor.title} has no streams.")
        made = (VendorStream(self, self.sources.make(each.stream), self.progress, each) for each in crosswalks)
        return {each.source.name: each for each in made}

    @property
    def vendor_streams(self) -> list[VendorStream]:
        """The streams, as those that they are."""
        return [stream for stream in self.streams.values() if isinstance(stream, VendorStream)]

    def take_selection(self) -> None:
        """See that the catalog selects streams, and only such as the vendor has; without one, select the usual ones.

        Raises:
            ConfigurationError: If it does not.
        """
        if self.input_catalog is None:
            for stream in self.vendor_streams:
                stream.selected = self._is_shared or stream.source.resource.is_default
        for name in sorted({*self.settings.detect_deletes} - {"*"} - self.streams.keys()):
            raise ConfigurationError(f"The setting 'detect_deletes' is set for '{name}', which is no stream.")
        given: Mapping[str, CatalogEntry] = self.input_catalog or {}
        chosen = [name for name, entry in given.items() if entry.metadata.resolve_selection()[()]]
        title = self.account.vendor.title
        if foreign := sorted(name for name in chosen if name not in self.streams):
            raise ConfigurationError(
                f"The catalog selects '{foreign[0]}', which {title} does not have with these settings: it is another"
                " vendor's, or an older one. Make it anew with --discover."
            )
        if not any(stream.selected for stream in self.vendor_streams):
            raise ConfigurationError(f"The catalog, or 'select', selects no stream of {title}: nothing would be read.")

    def read_all(self) -> None:
        """Read all selected streams; told to end, write a last STATE, from which the next run goes on."""
        self.progress.streams_in_all = sum(
            stream.selected and not stream.source.resource.within for stream in self.vendor_streams
        )
        try:
            self.sync_all()
        except SystemExit:
            if self.state:
                self.state_writer.write_state(self.state)
            raise

    def judge(self) -> None:
        """Tell, once all streams have had their turn, what refusals meant that came before anything had answered.

        Raises:
            NotSignedIn: If nothing has answered, so that the credentials are no good.
            ConfigurationError: If some streams were not read to their end.
        """
        for stream in self.vendor_streams:
            stream.failures.judge()
        self.progress.judge()

    def estimate(self) -> OwnLines:
        """Return what a run would cost, as far as the vendor lets one know; makes some calls."""
        calls: dict[str, int | None] = {}
        for stream in self.vendor_streams:
            if stream.selected:
                with stream.failures.caught():
                    calls[stream.name] = stream.reading().calls()
        self.judge()
        return estimate(calls, self.account)

    @override
    def _setup_signal_handlers(self) -> None:
        """End as programs do when told to: the exception unwinds, and threads stop; for one who waits, in time."""
        ending.when_told(self._end)

    def _end(self, *_: Any) -> None:
        ending.in_time(LONGEST_END)
        self.logger.warning("The tap was told to end; the next run goes on from the last STATE.")
        self.message_writer.end()

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        command.help = cls.__doc__
        return command

    @classmethod
    @override
    def invoke(cls, *, config: Any = None, state: Any = None, catalog: Any = None, **kwargs: Any) -> None:
        super(Tap, cls).invoke(**kwargs)
        with _one_line():
            stdout.require_open()
            cls.print_version(print_fn=cls.logger.info)
            tap = cls(
                config=config.config if config else {},
                parse_env_config=bool(config and config.parse_env),
                state=checked(_object(state, "state")) if state else None,
                catalog=checked_catalog(_object(catalog, "catalog")) if catalog else None,
            )
            tap.take_selection()
            if tap.settings.estimate:
                cls.logger.info("What a run would cost:\n%s", tap.estimate())
                return
            garbage.look_seldom()
            tap.read_all()
            cls.logger.info("Done:\n%s", tap.progress.table())
            tap.judge()

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        with _one_line(), startup.reading("settings"):
            return super().cb_config(ctx, param, value)

    @classmethod
    @override
    def cb_discover(cls, ctx: click.Context, param: click.Option, value: bool) -> None:
        with _one_line():
            super().cb_discover(ctx, param, value)

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        with _one_line():
            super().cb_test(ctx, param, value)


def _object(file: IO[str], what: str) -> dict[str, Any]:
    with startup.reading(what):
        found = json.loads(file.read().removeprefix("\ufeff"))
        if not isinstance(found, dict):
            raise TypeError
        return found
