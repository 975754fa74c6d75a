"""The Singer target: settings in, records in, STATE out, and an exit code that says how it went."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from osdi_crm_client import redaction
from osdi_crm_client.account import Account
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.settings import secret_settings, warn_of_strangers
from singer_sdk import Target
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities
from typing_extensions import override

from target_osdi_crm import settings, summary
from target_osdi_crm.reader import Reader
from target_osdi_crm.run import Run
from target_osdi_crm.sink import RecordSink
from target_osdi_crm.stop import CONFIGURATION, TERMINATED, Stop

if TYPE_CHECKING:
    from pathlib import PurePath
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.singerlib.encoding.base import GenericSingerReader

logger = logging.getLogger("target-osdi-crm")

_TERMINATED = Stop(TERMINATED, "The run was told to end.")


class TargetOSDICRM(Target):
    """Writes people, tags, actions and what people did in them to an organising CRM."""

    name = "target-osdi-crm"
    config_jsonschema: ClassVar[dict[str, Any]] = settings.SCHEMA
    default_sink_class = RecordSink
    message_reader_class = Reader
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
    ]

    def __init__(
        self,
        *,
        config: dict[str, Any] | PurePath | str | list[PurePath | str] | None = None,
        parse_env_config: bool = False,
        validate_config: bool = True,
        setup_mapper: bool = True,
        message_reader: GenericSingerReader[Any] | None = None,
    ) -> None:
        """Read the settings; redaction is in force before they are validated."""
        given = dict(config) if isinstance(config, dict) else {}
        secrets = secret_settings(settings.SCHEMA)
        prefix = self.name.upper().replace("-", "_")
        redaction.install({name: os.environ.get(f"{prefix}_{name.upper()}") for name in secrets}, secrets)
        redaction.install(given, secrets)
        super().__init__(
            config=config,
            parse_env_config=parse_env_config,
            validate_config=validate_config,
            setup_mapper=setup_mapper,
            message_reader=message_reader,
        )
        warn_of_strangers(self.config, self.config_jsonschema["properties"])
        self.max_parallelism = 1
        self.told_to_end = threading.Event()
        self.reader = cast("Reader", self.message_reader)
        self.reader.target = self
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._interrupt)

    @cached_property
    def account(self) -> Account:
        """The account that is written to."""
        return Account(self.config)

    @cached_property
    def run(self) -> Run:
        """The run, begun when first needed.

        Raises:
            ConfigValidationError: If the settings do not allow to write, or another run is writing.
        """
        try:
            run = Run(self.config, self.account)
        except (ConfigurationError, Stop) as error:
            raise ConfigValidationError(str(error), errors=[str(error)], schema={}) from None
        threading.Thread(target=self._end_when_told, args=(run,), name="ending", daemon=True).start()
        return run

    def _interrupt(self, _: int, __: FrameType | None) -> None:
        """Note that the run is to end; nothing is settled inside a signal handler."""
        self.told_to_end.set()
        if self.reader.blocked:
            raise _TERMINATED

    def _end_when_told(self, run: Run) -> None:
        self.told_to_end.wait()
        run.stop(_TERMINATED)

    @override
    def process_endofpipe(self) -> None:
        """Settle everything, pass STATE on, sum up, and exit with a code that tells how it went."""
        run = self.run
        if self.told_to_end.is_set():
            run.stop(_TERMINATED)
        run.finish()
        self.reader.pass_state_on()
        super().process_endofpipe()
        result = run.end()
        logger.info("%s\n%s", "What would be done:" if result["dry_run"] else "What was done:", summary.table(result))
        summary.keep(self.config, result)
        if run.stopped:
            level = logging.ERROR if run.stopped.code == CONFIGURATION else logging.WARNING
            logger.log(level, "Stopped: %s", run.stopped)
        if result["code"]:
            sys.exit(result["code"])
