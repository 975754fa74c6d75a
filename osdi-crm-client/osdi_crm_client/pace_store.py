"""The pace of an account as all processes share it: a SQLite file and lock files for one machine, Postgres for many.

Whoever calls reserves the next slot, a gap after the one before, so those who share an account take turns; who dies
loses a slot and holds nobody up. Where a vendor wants so many calls at a time, each holds a place, which ends with its
process. Libraries with shared buckets (pyrate-limiter) count the calls of a window: they let bursts through, wake
whoever asks first, and learn nothing from a 429.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import socket
import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
from typing_extensions import override

from osdi_crm_client import databases, work_dir
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.pacing import FASTER, LONGEST_PAUSE, MOST_LATE, SLOWER, SLOWEST, OwnSlots, Slots

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 0.02
"""How often somebody who waits for a place looks for one."""

_LOCK = 91735209
"""The advisory lock under which the table is made."""


class SharedSlots:
    """Slots that are agreed on in a store; where that fails during a run, this process goes by its own from then on."""

    errors: tuple[type[Exception], ...]

    def __init__(self, key: str) -> None:
        """Share those of the account with this key."""
        self.share = 1.0
        self._key = key
        self._own: OwnSlots | None = None

    def reserve(self, gap: float) -> float:
        """See `Slots`."""
        if self._own is None:
            try:
                wait, self.share = self._reserve(gap)
            except self.errors as error:
                self._own = self._left_alone(error)
            else:
                return wait
        wait = self._own.reserve(gap)
        self.share = self._own.share
        return wait

    def pause(self, seconds: float, *, slower: bool) -> None:
        """See `Slots`."""
        if self._own is None:
            try:
                self._pause(seconds, SLOWER if slower else 1)
            except self.errors as error:
                self._own = self._left_alone(error)
        if self._own:
            self._own.pause(seconds, slower=slower)

    @staticmethod
    def _left_alone(error: Exception) -> OwnSlots:
        logger.warning("The pace store cannot be used any more (%s): this run keeps a pace of its own.", _name(error))
        return OwnSlots()

    def _reserve(self, gap: float) -> tuple[float, float]:
        """Take a slot; returns the seconds until then, and the share of the rate that is used."""
        raise NotImplementedError

    def _pause(self, seconds: float, factor: float) -> None:
        raise NotImplementedError


class FileSlots(SharedSlots):
    """Slots of all processes of this machine."""

    errors = (sqlite3.Error,)

    def __init__(self, file: Path, key: str) -> None:
        """Share them in this file.

        Raises:
            sqlite3.Error: If it cannot be used.
        """
        super().__init__(key)
        self._connection = sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._connection.close)
        for command in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF"):
            self._connection.execute(command)
        self._connection.execute("CREATE TABLE IF NOT EXISTS pace (key TEXT PRIMARY KEY, slot REAL, share REAL)")

    @override
    def _reserve(self, gap: float) -> tuple[float, float]:
        with self._connection:
            now, slot, share = self._begin()
            slot = min(max(slot + gap / share, now - MOST_LATE), now + LONGEST_PAUSE)
            share = min(1.0, share * FASTER)
            self._note(slot, share)
        return slot - now, share

    @override
    def _pause(self, seconds: float, factor: float) -> None:
        with self._connection:
            now, slot, share = self._begin()
            self._note(max(slot, now + seconds), max(share * factor, SLOWEST))

    def _begin(self) -> tuple[float, float, float]:
        """Begin what `with self._connection` ends, or takes back where it fails, so that it holds nobody up."""
        self._connection.execute("BEGIN IMMEDIATE")
        found = self._connection.execute("SELECT slot, share FROM pace WHERE key = ?", (self._key,)).fetchone()
        slot, share = found or (0.0, 1.0)
        return time.time(), slot, share

    def _note(self, slot: float, share: float) -> None:
        self._connection.execute("INSERT OR REPLACE INTO pace VALUES (?, ?, ?)", (self._key, slot, share))


class DatabaseSlots(SharedSlots):
    """Slots of all machines, by the clock of the database."""

    _CREATE = "CREATE UNLOGGED TABLE IF NOT EXISTS osdi_crm_pace (key text PRIMARY KEY, slot float8, share float8)"
    _NOW = "extract(epoch FROM clock_timestamp())::float8"
    _RESERVE = f"""
        INSERT INTO osdi_crm_pace AS pace VALUES (%(key)s, {_NOW}, 1)
        ON CONFLICT (key) DO UPDATE SET share = least(1, pace.share * %(faster)s), slot = least(
            greatest(pace.slot + %(gap)s / pace.share, {_NOW} - %(late)s), {_NOW} + %(longest)s
        ) RETURNING slot - {_NOW}, share"""  # noqa: S608
    _PAUSE = f"""
        INSERT INTO osdi_crm_pace AS pace VALUES (%(key)s, {_NOW} + %(seconds)s, %(factor)s)
        ON CONFLICT (key) DO UPDATE SET share = greatest(pace.share * %(factor)s, %(slowest)s),
            slot = greatest(pace.slot, {_NOW} + %(seconds)s)"""  # noqa: S608

    def __init__(self, connection: psycopg.Connection[Any], key: str, errors: tuple[type[Exception], ...]) -> None:
        """Share them by a connection of one's own, which commits each statement."""
        super().__init__(key)
        self.errors = errors
        self._connection = connection
        weakref.finalize(self, connection.close)
        self._constant = {"key": key, "late": MOST_LATE, "longest": LONGEST_PAUSE, "faster": FASTER, "slowest": SLOWEST}
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            connection.execute(self._CREATE)

    @override
    def _reserve(self, gap: float) -> tuple[float, float]:
        found = self._connection.execute(self._RESERVE, {**self._constant, "gap": gap}).fetchone()
        assert found  # noqa: S101
        return float(found[0]), float(found[1])

    @override
    def _pause(self, seconds: float, factor: float) -> None:
        self._connection.execute(self._PAUSE, {**self._constant, "seconds": seconds, "factor": factor})


class Together:
    """Slots that are free in two respects: for the account, and for the address that it is called from."""

    def __init__(self, *of: Slots) -> None:
        """Take a slot of each."""
        self._of = of

    @property
    def share(self) -> float:
        """The lowest."""
        return min(each.share for each in self._of)

    def reserve(self, gap: float) -> float:
        """See `Slots`."""
        return max(each.reserve(gap) for each in self._of)

    def pause(self, seconds: float, *, slower: bool) -> None:
        """See `Slots`."""
        for each in self._of:
            each.pause(seconds, slower=slower)


class Places:
    """So many calls of an account at a time, over all processes; where the store fails, each process has its own."""

    errors: tuple[type[Exception], ...]

    def __init__(self, key: str, most: int) -> None:
        """Share the places of the account with this key."""
        self._key = key
        self._most = most
        self._mine: set[int] = set()
        self._guard = threading.Lock()
        self._is_shared = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for a place, and hold it."""
        place = self._wait()
        try:
            yield
        finally:
            if place is not None:
                self._leave(place)
                with self._guard:
                    self._mine.discard(place)

    def _wait(self) -> int | None:
        while self._is_shared:
            try:
                with self._guard:
                    place = next((n for n in range(self._most) if n not in self._mine and self._take(n)), None)
                    if place is not None:
                        self._mine.add(place)
                        return place
            except self.errors as error:
                self._is_shared = False
                logger.warning(
                    "The pace store cannot be used any more (%s): calls wait for this run's alone.", _name(error)
                )
                return None
            time.sleep(SECONDS_BETWEEN_LOOKS)
        return None

    def _take(self, place: int) -> bool:
        raise NotImplementedError

    def _leave(self, place: int) -> None:
        raise NotImplementedError


class FilePlaces(Places):
    """Places of all processes of this machine: locks of files, which end with their process."""

    errors = (OSError,)

    def __init__(self, folder: Path, key: str, most: int) -> None:
        """Lock files of this folder."""
        super().__init__(key, most)
        self._locks = [filelock.FileLock(folder / f"{key}.{n}.lock", thread_local=False) for n in range(most)]

    @override
    def _take(self, place: int) -> bool:
        try:
            self._locks[place].acquire(blocking=False)
        except filelock.Timeout:
            return False
        return True

    @override
    def _leave(self, place: int) -> None:
        self._locks[place].release()


class DatabasePlaces(Places):
    """Places of all machines: advisory locks, which end with their connection."""

    def __init__(
        self, connection: psycopg.Connection[Any], key: str, most: int, errors: tuple[type[Exception], ...]
    ) -> None:
        """Hold them by a connection of one's own, which the server gives up soon where its machine is gone."""
        super().__init__(key, most)
        self.errors = errors
        self._connection = connection
        weakref.finalize(self, connection.close)
        for name, value in (("idle", 10), ("interval", 5), ("count", 3)):
            connection.execute(f"SET tcp_keepalives_{name} = {value}")

    @override
    def _take(self, place: int) -> bool:
        found = self._connection.execute("SELECT pg_try_advisory_lock(hashtext(%s), %s)", (self._key, place)).fetchone()
        return bool(found and found[0])

    @override
    def _leave(self, place: int) -> None:
        try:
            self._connection.execute("SELECT pg_advisory_unlock(hashtext(%s), %s)", (self._key, place))
        except self.errors:
            self._is_shared = False  # the lock has ended with the connection


class PaceStore:
    """Where the pace of accounts is shared."""

    def __init__(self, named: str | None, origin: str, credentials: tuple[Any, ...]) -> None:
        """Open nothing yet.

        Args:
            named: The setting `pace_store`: a file, or the address of a Postgres database; None for the usual file.
            origin: Where the vendor lives.
            credentials: What signs the account in.
        """
        self._named = named
        self._account = _key(origin, *(str(each) for each in credentials if each))

    def slots(self, limited_by_address: str | None = None) -> Slots:
        """The account's slots; those of this process alone where the usual file cannot be used.

        Args:
            limited_by_address: The vendor's name, where it also limits all accounts that are called from one address.

        Raises:
            ConfigurationError: If the store that the setting names cannot be used.
        """
        keys = [self._account, *([_key(limited_by_address, socket.gethostname())] if limited_by_address else [])]
        if databases.is_address(self._named):
            connection, errors = self._connected()
            return Together(*(DatabaseSlots(connection, key, errors) for key in keys))
        try:
            file = self._file()
            return Together(*(FileSlots(file, key) for key in keys))
        except (OSError, sqlite3.Error) as error:
            self._refuse(error)
            return OwnSlots()

    def places(self, most: int) -> Places | None:
        """The places of an account at a vendor that wants so many calls at a time; raises what `slots` does."""
        if databases.is_address(self._named):
            connection, errors = self._connected()
            return DatabasePlaces(connection, self._account, most, errors)
        try:
            return FilePlaces(self._file().parent, self._account, most)
        except OSError as error:
            self._refuse(error)
            return None

    def _file(self) -> Path:
        try:
            file = Path(self._named) if self._named else work_dir.of_user() / "pace.db"
        except ConfigurationError:
            raise FileNotFoundError(errno.ENOENT, "the user has no home") from None
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return file

    def _refuse(self, error: Exception) -> None:
        if self._named:
            raise ConfigurationError(f"The setting 'pace_store' names a file that cannot be used: {_name(error)}.")
        logger.warning(
            "The pace of this account cannot be shared with other processes (%s); 'pace_store' names another place.",
            _name(error),
        )

    def _connected(self) -> tuple[psycopg.Connection[Any], tuple[type[Exception], ...]]:
        return databases.connected("pace_store", str(self._named))


def _key(*of: str) -> str:
    return hashlib.blake2b("\0".join(of).encode(), digest_size=16).hexdigest()


def _name(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
