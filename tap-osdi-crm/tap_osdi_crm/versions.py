"""Versions of streams that are read whole: that one is complete is told after its last record, with how many it had.

What a loader then lacks of the version is gone at the vendor. Where that is not sure, nothing is told.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import msgspec
from singer_sdk.mapper import RemoveRecordTransform
from singer_sdk.singerlib import ActivateVersionMessage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osdi_crm_client.reading.reading import Reading
    from singer_sdk import Stream, Tap

    from tap_osdi_crm.source import Source
    from tap_osdi_crm.writer import MessageWriter

logger = logging.getLogger(__name__)

NOTED = "activate_version"
"""Where a version stands in the bookmark of its stream: its number, how many records it had, and who read it."""


class Versions:
    """The versions of the streams that one reading fills."""

    def __init__(self, source: Source, reading: Reading, streams: Iterable[Stream], tap: Tap) -> None:
        """Begin them, of the streams that are filled by reading a source: their records are to carry the number."""
        self._source = source
        self._reading = reading
        self._streams = [stream for stream in streams if stream.selected]
        self._tap = tap
        self._writer = cast("MessageWriter", tap.message_writer)
        self.number = int(time.time())
        for stream in self._streams:
            stream.get_context_state(None).pop(NOTED, None)

    def end(self, rows: dict[str, int]) -> None:
        """Tell which versions are complete, once their last records are written; `rows` counts what was read."""
        for stream in self._streams:
            if why := self._why_not(stream, rows.get(stream.name, 0)):
                logger.warning("Stream '%s': no ACTIVATE_VERSION is written: %s.", stream.name, why)
                continue
            noted = {"version": self.number, "records": rows.get(stream.name, 0), "reader": reader(self._source)}
            stream.get_context_state(None)[NOTED] = noted
            self._tap.state_writer.write_state(self._tap.state)
            for mapped in stream.stream_maps:
                self._writer.write_message(ActivateVersionMessage(stream=mapped.stream_alias, version=self.number))

    def _why_not(self, stream: Stream, rows: int) -> str:
        """Why nobody may believe that what a version lacks is gone."""
        written = self._writer.records
        maps = stream.stream_maps
        if not self._reading.is_whole:
            return "this run does not read all of it, or goes on from an earlier one"
        if self._source.sources.lacks_some_of(self._source.name):
            return "some of it may be missing"
        if not rows:
            return "there are no records"
        if any(isinstance(each, RemoveRecordTransform) or written[each.stream_alias] != rows for each in maps):
            return "'stream_maps' leaves some of it out"
        return ""


def reader(source: Source) -> str:
    """Who reads: a slow hash of account, credentials and the vendor's settings, which decide what can be seen."""
    account = source.account
    secrets = [str(getattr(account.own, name)) for name in account.vendor.credentials]
    seen: list[Any] = [account.vendor.name, account.base_url, asdict(source.own), source.settings.stream_overrides]
    whole = msgspec.json.encode([secrets, seen], order="deterministic")
    return hashlib.scrypt(whole, salt=b"osdi-crm reader", n=2**14, r=8, p=1, dklen=12).hex()
