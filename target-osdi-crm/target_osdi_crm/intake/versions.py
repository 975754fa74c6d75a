"""Complete versions of streams: what else the journal knows of such a stream is gone at its source.

Only proof counts: an ACTIVATE_VERSION message after the records, before it a STATE that says how many those were, and
just so many that came, each with the version. A pipe that is cut looks like an end, and a filter on the way passes
the messages on without the records; an SDK's tap sends the message before the records, where it proves nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from target_osdi_crm.task import Arrival, Input

logger = logging.getLogger("target-osdi-crm")

NOTED = "activate_version"
"""Where the tap says in the bookmark of a stream what its version is, how many records it had, and who read them."""

ALL = "*"


@dataclass(slots=True)
class Version:
    """What has come of a version.

    Attributes:
        number: Its number; None of records without one.
        input: Where its records come in.
        records: How many have come.
        keys: Hashes of their keys.
        is_usable: Whether each of them had a key.
        reader: Who read it, once it is complete.
    """

    number: int | None
    input: Input
    records: int = 0
    keys: set[int] = field(default_factory=set)
    is_usable: bool = True
    reader: str = ""

    def take(self, arrival: Arrival) -> None:
        """Note a record of it."""
        self.records += 1
        if self.number is None:
            return
        if arrival.source_key is None or arrival.fault:
            self.is_usable = False
        else:
            self.keys.add(hash(arrival.source_key))

    def brought(self, source_key: str) -> bool:
        """Whether a record came with it."""
        return hash(source_key) in self.keys


class Versions:
    """The versions that come in with one run.

    Attributes:
        complete: Those that are proven to be complete, by stream of the vendor's.
    """

    def __init__(self, mirrored: Collection[str]) -> None:
        """Look at the streams that the setting `mirror` names."""
        self.complete: dict[str, Version] = {}
        self._mirrored = mirrored
        self._came: dict[str, dict[str, Version]] = {}
        self._bookmarks: Mapping[str, Any] = {}
        self._told: set[str] = set()

    def take(self, name: str, number: Any, arrival: Arrival) -> None:
        """Note a record of the stream that the source calls so."""
        stream = arrival.input.stream.name
        if not self._mirrors(stream):
            return
        self.complete.pop(stream, None)
        came = self._came.setdefault(stream, {})
        number = number if isinstance(number, int) else None
        if name not in came or came[name].number != number:
            came[name] = Version(number, arrival.input)
        came[name].take(arrival)

    def state(self, value: Any) -> None:
        """Note a STATE."""
        bookmarks = value.get("bookmarks") if isinstance(value, dict) else None
        self._bookmarks = bookmarks if isinstance(bookmarks, dict) else {}

    def activate(self, name: str, number: Any) -> None:
        """Take a stream, as the source calls it, for complete in a version, if that is proven."""
        streams = [stream for stream, came in self._came.items() if name in came]
        if not self._mirrored:
            self._tell("", "ACTIVATE_VERSION messages are ignored: 'mirror' names no stream.")
        for stream in streams or [name] * self._mirrors(name):
            if why := self._why_not(stream, name, number):
                self._tell(stream, f"'{stream}' is not mirrored, and nothing of it deleted for that: {why}.")
            else:
                self.complete[stream] = self._came[stream][name]

    def _why_not(self, stream: str, name: str, number: Any) -> str:
        bookmark = self._bookmarks.get(name)
        noted = bookmark.get(NOTED) if isinstance(bookmark, dict) else None
        if not isinstance(noted, dict) or noted.get("version") != number or not isinstance(noted.get("reader"), str):
            return "no STATE says, after the records, how many there were, so that some may be missing"
        came = self._came.get(stream, {})
        if name not in came:
            return "no records came"
        if len(came) > 1:
            return f"records of {' and '.join(sorted(came))} are written to it"
        version = came[name]
        records = version.records if version.number == number else 0
        if records != noted.get("records"):
            return f"{records} records of {noted.get('records')} came"
        if not version.is_usable:
            return "some of its records have no usable key"
        version.reader = f"{name} {noted['reader']}"
        return ""

    def _mirrors(self, stream: str) -> bool:
        return ALL in self._mirrored or stream in self._mirrored

    def _tell(self, stream: str, words: str) -> None:
        """Tell once."""
        if stream not in self._told:
            self._told.add(stream)
            logger.warning("%s", words)
