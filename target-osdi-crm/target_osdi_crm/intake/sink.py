"""Where the SDK hands over the records of one stream; it checks nothing itself, so that one bad record ends no run."""

from __future__ import annotations

import copy
import logging
import sys
from typing import TYPE_CHECKING, Any, cast

from singer_sdk import Sink, Target
from typing_extensions import override

from target_osdi_crm.intake.shaping import Validator
from target_osdi_crm.stop import CONFIGURATION, Stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.sinks.core import BaseJSONSchemaValidator

    from target_osdi_crm.intake.plugin import Plugin

logger = logging.getLogger("target-osdi-crm")


_SHARED = {"vendor", "account", "consent"}
"""Properties by which people of the shared model are known."""


class RecordSink(Sink):
    """Takes each record in; it is validated later, where a failure is a rejection."""

    MAX_SIZE_DEFAULT = sys.maxsize

    def __init__(
        self,
        target: Target,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        """Make ready for a stream.

        Raises:
            Stop: If the stream cannot be written, or its schema is not one.
        """
        super().__init__(target, stream_name, {"properties": {}, "additionalProperties": True}, [])
        self.original_schema = copy.deepcopy(schema)
        self._keys = list(key_properties or ())
        self._plugin = plugin = cast("Plugin", target)
        self._input = None
        properties = schema.get("properties")
        if plugin.account.settings.model != "osdi" and properties and {*properties} >= _SHARED:
            raise Stop(
                CONFIGURATION,
                f"The stream '{stream_name}' comes in the shared model. Set 'model' to 'osdi', as it is for the tap.",
            )
        if not plugin.run.offer.stream(stream_name):
            title, able = plugin.account.vendor.title, f"'{stream_name}' cannot be written"
            meant = plugin.run.offer.meant(stream_name)
            more = f" Did you mean '{meant}'?" if meant else ""
            if not meant and plugin.account.settings.model == "osdi":
                more = " The target's 'model' is 'osdi': set it for the tap, too."
            if plugin.settings.on_unknown_stream != "skip" and not plugin.run.offer.leaves_out(stream_name):
                raise Stop(
                    CONFIGURATION,
                    f"{title}: {able}.{more} Leave it out, map it to another, or set 'on_unknown_stream' to 'skip'.",
                )
            logger.warning("%s: %s; its records are skipped.%s", title, able, more)
            return
        try:
            validate = Validator(schema) if self.validate_schema else None
        except ValueError:
            raise Stop(CONFIGURATION, f"The SCHEMA message of '{stream_name}' holds no valid JSON Schema.") from None
        self._input = plugin.run.input(stream_name, self._keys, validate)

    @override
    def get_validator(self) -> BaseJSONSchemaValidator | None:
        return None

    @property
    @override
    def key_properties(self) -> Sequence[str]:
        return self._keys

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        reader = self._plugin.reader
        if self._input:
            self._plugin.run.take(self._input, record, reader)
        else:
            self._plugin.run.report.summary.count(self.stream_name, "read")
            self._plugin.run.report.summary.count(self.stream_name, "skipped")

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        """Do nothing: the reader passes on only STATE whose records are settled."""
