"""Locks by key, made when asked for and dropped when nobody holds them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from osdi_crm_client.pacing import CallLock, ConcurrencyLimit


class KeyedLock:
    """One lock for each key."""

    def __init__(self, concurrency: ConcurrencyLimit) -> None:
        """Prepare; whoever waits for a lock lends the place that they hold."""
        self._concurrency = concurrency
        self._locks: dict[Hashable, tuple[CallLock, list[None]]] = {}
        self._guard = threading.Lock()

    @contextmanager
    def holding(self, key: Hashable) -> Iterator[None]:
        """Hold the lock of this key."""
        with self._guard:
            lock, users = self._locks.setdefault(key, (self._concurrency.lock(), []))
            users.append(None)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                users.pop()
                if not users:
                    del self._locks[key]
