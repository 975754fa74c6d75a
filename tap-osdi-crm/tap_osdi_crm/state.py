"""What a stream remembers from run to run: checked where it comes in, and written in the one shape that is promised."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.times import instant, utc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osdi_crm_client.reading.store import Store
    from singer_sdk import Stream

    from tap_osdi_crm.source import Source

logger = logging.getLogger(__name__)

MODEL, OWN = "model", "vendor"
"""Where a bookmark says of which model it is, and which it is of where it does not."""

SECONDS_TOGETHER = 10.0
"""Seconds after which what streams that are read together hold is written, and how far they are is noted."""

SECONDS_ALONE = 1.0
"""Seconds after which it is noted how far a sweep of a stream by itself is."""


_OPAQUE = ("after", "draft", "lineage")
"""What stands in a bookmark and is no time, whatever it looks like."""


def checked(found: dict[str, Any]) -> dict[str, Any]:
    """Return a state, if it is one of this tap, of this release or an earlier one.

    It may come as `meltano state get` prints it, or as a whole STATE message.

    Raises:
        ConfigurationError: If it is none; the message names the stream.
    """
    for wrapping in ("singer_state", "value"):
        if isinstance(found.get(wrapping), dict):
            found = found[wrapping]
    if found and "bookmarks" not in found:
        raise ConfigurationError("The file of state does not hold a state of this tap.")
    bookmarks = found.get("bookmarks", {})
    if not isinstance(bookmarks, dict) or not all(isinstance(bookmark, dict) for bookmark in bookmarks.values()):
        raise ConfigurationError("The file of state does not hold a state of this tap.")
    for name, bookmark in bookmarks.items():
        for key, (is_right, words) in _CHECKS.items():
            if bookmark.get(key) is not None and not is_right(bookmark[key]):
                raise ConfigurationError(f"The state of the stream '{name}' holds {words}.")
            if key in bookmark:
                bookmark[key] = _in_utc(bookmark[key])
    return found


def of_model(found: dict[str, Any], model: str) -> dict[str, Any]:
    """Return the state without bookmarks that were written for another model, whose streams are others."""
    bookmarks = found.get("bookmarks", {})
    kept = {name: each for name, each in bookmarks.items() if each.get(MODEL, OWN) == model or not each}
    if others := sorted(bookmarks.keys() - kept.keys()):
        logger.warning(
            "The state was written with another 'model' than '%s': %s are read from the start.",
            model,
            ", ".join(others),
        )
    return {**found, "bookmarks": kept} if others else found


def _in_utc(value: Any) -> Any:
    """Return what stands in a bookmark with its times in the form in which they are written, so that they compare."""
    if isinstance(value, dict):
        return {name: each if name in _OPAQUE else _in_utc(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_in_utc(each) for each in value]
    return utc(value) or value


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and utc(value) is not None


def _is_past(value: Any) -> bool:
    """Whether it is a time that any clock has reached: what lies ahead would be left out until then."""
    at = instant(utc(value))
    return isinstance(value, str) and at is not None and at < datetime.now(UTC) + timedelta(days=1)


def _are_slices(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(bounds, list | tuple)
        and len(bounds) == 2
        and all(map(_is_past, bounds))
        and str(utc(bounds[0])) <= str(utc(bounds[1]))
        for bounds in value
    )


def _is_sweep(value: Any) -> bool:
    return not value or (
        isinstance(value, dict)
        and isinstance(value.get("after"), str)
        and all(name in value and (value[name] is None or _is_past(value[name])) for name in ("started", "since"))
    )


def _is_version(value: Any) -> bool:
    return not value or (
        isinstance(value, dict)
        and value.keys() == {"lineage", "generation"}
        and isinstance(value["lineage"], str)
        and isinstance(value["generation"], int)
    )


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "replication_key_value": (_is_time, "a bookmark that is not a time"),
    "until": (_is_time, "a bookmark that is not a time"),
    "slices": (_are_slices, "slices that are none"),
    "sweep": (_is_sweep, "a sweep that is none"),
    "store": (_is_version, "a version of the store that is none"),
    "progress_markers": (lambda value: isinstance(value, dict), "progress markers that are none"),
    "partitions": (lambda value: not value, "partitions, which no stream has"),
    "after": (lambda value: isinstance(value, int), "an id to go on from that is not a number"),
}
"""By key of a bookmark, whether its value is right, and what to call one that is not."""


def is_incremental(stream: Stream) -> bool:
    """Whether only what changed since its bookmark is wanted of a stream."""
    return stream.replication_key is not None and stream.replication_method == "INCREMENTAL"


class StreamState:
    """The state of a stream, and of the selected streams within it, which are read by the same calls.

    Attributes:
        is_incremental: Whether only what changed since the bookmark is wanted.
        overlap: How long before its bookmark a run begins to read.
        seconds_between: Seconds that pass between two notes of how far a sweep is.
        full_sweep: How long after it was asked a parent is asked again at the latest, whatever its counter shows.
        store: What is remembered of single records.
    """

    def __init__(
        self,
        stream: Stream,
        source: Source,
        *,
        inner: Sequence[Stream],
        write_inner: Callable[[], None],
        write: Callable[[], None],
    ) -> None:
        """Stand for the state of a stream.

        Args:
            stream: The stream.
            source: What it reads.
            inner: The selected streams within it.
            write_inner: Writes what these still hold.
            write: Writes the state.
        """
        self._stream = stream
        self._source = source
        self._inner = inner
        self._together = (stream, *inner) if stream.selected or not inner else tuple(inner)
        self._write_inner = write_inner
        self._write = write
        self.is_incremental = is_incremental(stream)
        overlap = source.settings.overlap_seconds
        self.overlap = timedelta(seconds=source.overlap if overlap is None else overlap)
        self.full_sweep = timedelta(hours=source.settings.full_sweep_hours)
        self.store: Store | None = source.sources.store
        self.seconds_between = SECONDS_TOGETHER if inner else SECONDS_ALONE

    def since(self) -> datetime | None:
        """Return the time from which changes are wanted: the bookmark, or `start_date`, less the overlap.

        Of streams that are read together, the one that is least far counts.

        Raises:
            ConfigurationError: If it lies in the future, so that nothing would be read until then.
        """
        if self._stream.replication_key is None:
            return None
        times = [self._since(stream) for stream in self._together]
        known = [time for time in times if time]
        return min(known) if len(known) == len(times) else None

    def _since(self, stream: Stream) -> datetime | None:
        since = self._source.settings.start_date
        if is_incremental(stream):
            since = instant(utc(stream.get_starting_replication_key_value(None)))
        elif stream in self._inner:
            since = instant(stream.get_context_state(None).get("until")) or since
        if since is None:
            return None
        since = since.replace(microsecond=0)
        if since > self._source.account.now() + timedelta(days=1):
            raise ConfigurationError(
                f"Stream '{stream.name}' is to be read from {_written(since)} on, which lies in the future. Correct"
                " 'start_date', or run it once without its state (meltano: --full-refresh)."
            )
        return since - self.overlap

    def noted(self, name: str) -> list[Any]:
        """Return what stands under a name, once for each stream that is read by these calls."""
        return [stream.get_context_state(None).get(name) for stream in self._together]

    def note(self, bookmark: datetime | None = None, **noted: Any) -> None:
        """Write a bookmark, in the shape in which the SDK passes it on unchanged; None leaves it as it is.

        What more is to be noted stands beside it, and goes where nothing is left of it. It holds for all streams that
        are read together, and what those within another still hold is written first.
        """
        self._write_inner()
        for stream in self._together:
            state = stream.get_context_state(None)
            if self._source.account.settings.model != OWN:
                state[MODEL] = self._source.account.settings.model
            for name, value in noted.items():
                state.pop(name, None)
                if value:
                    state[name] = value
            if is_incremental(stream):
                state["progress_markers"] = {}
            if bookmark is None:
                continue
            text = _written(bookmark)
            if is_incremental(stream):
                state["replication_key"] = stream.replication_key
                state["replication_key_value"] = max(text, state.get("replication_key_value") or "")
            elif stream in self._inner:
                state["until"] = max(text, state.get("until") or "")
        self._write()


def _written(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
