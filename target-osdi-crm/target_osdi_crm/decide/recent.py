"""What this run has just written, for as long as a vendor's search may not show it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from target_osdi_crm.task import WriteTask
    from target_osdi_crm.vendor import Record

LONGEST_CALL = 60.0
"""Seconds within which what was found by a search is written."""

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Values by key, forgotten after twice the vendor's index lag."""

    def __init__(self, lag: float) -> None:
        """Remember for twice `lag` seconds."""
        self._keep = 2 * lag
        self._kept: dict[Hashable, tuple[Value | None, float]] = {}
        self._lock = threading.Lock()

    def put(self, key: Hashable, value: Value) -> None:
        """Remember a value."""
        now = time.monotonic()
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (value, now)
            while (oldest := next(iter(self._kept.items())))[1][1] < now - self._keep:
                del self._kept[oldest[0]]

    def get(self, key: Hashable) -> Value | None:
        """The value under this key, if it was put there recently."""
        with self._lock:
            value, at = self._kept.get(key, (None, 0.0))
        return value if at >= time.monotonic() - self._keep else None


class RecentWrites:
    """The records that this run has written, by match key, and the match keys that the vendor showed of them.

    Attributes:
        match_keys: The match keys that are used, by stream.
    """

    def __init__(self, match_keys: Mapping[str, Sequence[str]], lag: float) -> None:
        """Remember by these match keys until the vendor's search must show a write, `lag` seconds later."""
        self.match_keys = match_keys
        self._ids = Recent[str](lag)
        self._shown: Recent[Mapping[str, Sequence[str]]] = Recent(max(lag, LONGEST_CALL))
        self._owners = Recent[str](max(lag, LONGEST_CALL))
        self._gone: set[tuple[str, str]] = set()

    def note(self, task: WriteTask, vendor_id: str | None, reply: Record | None = None) -> None:
        """Note that a record is written under an id."""
        if not vendor_id:
            return
        stream = task.stream
        self._owners.put((stream.name, vendor_id), task.source_key)
        if reply:
            self._shown.put((stream.name, vendor_id), stream.match_keys_of(reply))
        for name in self.match_keys[stream.name]:
            for value in task.shaped.match_keys.get(name, ()):
                self._ids.put((stream.name, name, value), vendor_id)

    def note_gone(self, stream: str, vendor_id: str) -> None:
        """Note that there is nothing under an id any more, though a search may still show it."""
        self._gone.add((stream, vendor_id))

    def is_of_another(self, task: WriteTask, vendor_id: str) -> bool:
        """Whether this run has just written another record of the source under an id."""
        return self._owners.get((task.stream.name, vendor_id)) not in {None, task.source_key}

    def id_of(self, stream: str, name: str, value: str) -> str | None:
        """The id under which this run has written a record with a match key."""
        return self._ids.get((stream, name, value))

    def has_moved_on(self, task: WriteTask, vendor_id: str) -> bool:
        """Whether a record that a match key led to is gone, or has been given other keys by this run."""
        if vendor_id in {task.row.vendor_id, task.shaped.own_id}:
            return False
        if (task.stream.name, vendor_id) in self._gone:
            return True
        theirs, ours = self._shown.get((task.stream.name, vendor_id)) or {}, task.shaped.match_keys
        told = [name for name in self.match_keys[task.stream.name] if ours.get(name) and theirs.get(name)]
        return bool(told) and not any(set(ours[name]) & set(theirs[name]) for name in told)
