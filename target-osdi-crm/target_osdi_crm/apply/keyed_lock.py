"""Locks by key, made when asked for and dropped when nobody holds them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator


class KeyedLock:
    """One lock for each key."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[threading.Lock, list[None]]] = {}
        self._guard = threading.Lock()

    @contextmanager
    def holding(self, key: Hashable) -> Iterator[None]:
        """Hold the lock of this key."""
        with self._guard:
            lock, users = self._locks.setdefault(key, (threading.Lock(), []))
            users.append(None)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                users.pop()
                if not users:
                    del self._locks[key]
