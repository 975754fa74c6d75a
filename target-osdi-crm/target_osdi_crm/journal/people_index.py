"""The index of an account's people: whom an address leads to, what of them is subscribed, a hash of each property."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa
from osdi_crm_client.reading.source import Stateless
from typing_extensions import override

from target_osdi_crm.journal.schema import INDEXED_ADDRESSES, INDEXED_PEOPLE, INDEXES, TABLES
from target_osdi_crm.journal.writer import hashed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager


@dataclass(frozen=True, slots=True)
class IndexedPerson:
    """What the index keeps of a person.

    Attributes:
        id: The vendor's id.
        addresses: All addresses that people are matched by, normal, by match key; only hashes of them are kept.
        statuses: The status that was shown, by channel.
        channels: The channels with an address, as the journal remembers them.
        properties: The properties, with a hash in the place of each value.
    """

    id: str
    addresses: Mapping[str, Sequence[str]]
    statuses: Mapping[str, str | None]
    channels: str | None
    properties: Mapping[str, Any]


class Database(Protocol):
    """Where an index lies: a journal, or a `Scratch`.

    Attributes:
        account: The name of the account.
    """

    account: str

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Connect, to read."""

    def carry_out(self, work: Callable[[sa.Connection], None]) -> None:
        """Do some work in a transaction of its own."""


class Scratch:
    """A database that goes with a dry run, which changes no journal; SQLite puts it on disk if it grows."""

    def __init__(self, account: str) -> None:
        """Begin, with nothing in it."""
        self.account = account
        self._lock = threading.Lock()
        connect = partial(sqlite3.connect, "", check_same_thread=False)
        self._engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.StaticPool)
        TABLES.create_all(self._engine)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """See `Database`."""
        with self._lock, self._engine.connect() as connection:
            yield connection

    def carry_out(self, work: Callable[[sa.Connection], None]) -> None:
        """See `Database`."""
        with self._lock, self._engine.begin() as connection:
            work(connection)


class StoredIndex(Stateless):
    """The index of one account, in a database; the state of the reading that fills it.

    Attributes:
        until: The time up to which it has all changes, as far as its reading has come.
        complete: Whether everybody was read who was there when its first reading began.
    """

    is_incremental = True

    def __init__(self, journal: Database, settings: bytes) -> None:
        """Open the index; one of other settings counts for nothing.

        Args:
            journal: Where it lies.
            settings: A hash of what its content depends on.
        """
        self._journal = journal
        self._settings = settings
        self._whose = INDEXES.c.account == journal.account
        with journal.reading() as connection:
            found = connection.execute(sa.select(INDEXES).where(self._whose)).first()
        kept = found if found and bytes(found.settings) == settings else None
        self.until = datetime.fromtimestamp(kept.until, UTC) if kept and kept.until else None
        self._slices: list[Any] | None = json.loads(kept.slices) if kept and kept.slices else None
        self.complete = bool(kept and kept.complete)
        self._begun = kept.begun if kept else None

    @property
    def age(self) -> float:
        """Seconds since its complete reading was begun: who has gone since then still stands in it."""
        return time.time() - (self._begun or 0.0)

    def size(self) -> int:
        """How many people it holds."""
        mine = INDEXED_PEOPLE.c.account == self._journal.account
        with self._journal.reading() as connection:
            return int(connection.execute(sa.select(sa.func.count()).where(mine)).scalar() or 0)

    def begin(self) -> None:
        """Begin to fill it, or go on where an earlier run was killed; what it held under other settings goes."""
        if self._begun is None:
            self.begin_anew()

    def begin_anew(self) -> None:
        """Empty it, and begin to fill it."""
        self._begun, self.until, self._slices, self.complete = time.time(), None, None, False
        self._journal.carry_out(lambda connection: erase(connection, self._journal.account))
        self._keep()

    # As the state of a reading

    @override
    def since(self) -> datetime | None:
        """See the client's `State`."""
        return self.until

    @override
    def noted(self, name: str) -> list[Any]:
        """See the client's `State`."""
        return [self._slices if name == "slices" else None]

    @override
    def note(self, bookmark: datetime | None = None, **noted: Any) -> None:
        """See the client's `State`."""
        self.until = bookmark or self.until
        self._slices = noted.get("slices", self._slices)
        self._keep()

    def finish(self) -> None:
        """Note that everybody has been read."""
        self.complete = True
        self._keep()

    def _keep(self) -> None:
        row = {
            "account": self._journal.account,
            "settings": self._settings,
            "until": self.until.timestamp() if self.until else None,
            "slices": json.dumps(self._slices) if self._slices else None,
            "complete": self.complete,
            "begun": self._begun,
        }

        def keep(connection: sa.Connection) -> None:
            connection.execute(INDEXES.delete().where(self._whose))
            connection.execute(INDEXES.insert(), row)

        self._journal.carry_out(keep)

    # What it holds

    def put(self, people: Collection[IndexedPerson]) -> None:
        """Keep people as they were just shown, in the place of what was kept of them before."""
        if people:
            self._journal.carry_out(self._putting({each.id: each for each in people}))

    def _putting(self, people: Mapping[str, IndexedPerson]) -> Callable[[sa.Connection], None]:
        account = self._journal.account
        rows = [
            {
                "account": account,
                "vendor_id": each.id,
                "statuses": json.dumps(dict(each.statuses)),
                "channels": each.channels,
                "properties": json.dumps(each.properties, separators=(",", ":")).encode(),
            }
            for each in people.values()
        ]
        addresses = [
            {"account": account, "kind": kind, "address": address, "vendor_id": each.id}
            for each in people.values()
            for kind, given in each.addresses.items()
            for address in {hashed(one) for one in given}
        ]

        def put(connection: sa.Connection) -> None:
            for table in (INDEXED_PEOPLE, INDEXED_ADDRESSES):
                these = sa.and_(table.c.account == account, table.c.vendor_id.in_(list(people)))
                connection.execute(table.delete().where(these))
            connection.execute(INDEXED_PEOPLE.insert(), rows)
            if addresses:
                connection.execute(INDEXED_ADDRESSES.insert(), addresses)

        return put

    def ids(self, kind: str, address: str) -> list[str]:
        """The ids of those who have an address."""
        columns = INDEXED_ADDRESSES.c
        query = sa.select(columns.vendor_id).where(
            columns.account == self._journal.account, columns.kind == kind, columns.address == hashed(address)
        )
        with self._journal.reading() as connection:
            return [str(each) for each in connection.execute(query).scalars()]

    def person(self, vendor_id: str) -> IndexedPerson | None:
        """What is kept of a person, without the addresses."""
        columns = INDEXED_PEOPLE.c
        mine = sa.and_(columns.account == self._journal.account, columns.vendor_id == vendor_id)
        with self._journal.reading() as connection:
            found = connection.execute(sa.select(INDEXED_PEOPLE).where(mine)).first()
        if found is None:
            return None
        statuses, properties = json.loads(found.statuses), json.loads(found.properties)
        return IndexedPerson(vendor_id, {}, statuses, found.channels, properties)


def erase(connection: sa.Connection, account: str | None) -> None:
    """Erase the index of an account, or all."""
    for table in (INDEXES, INDEXED_PEOPLE, INDEXED_ADDRESSES):
        connection.execute(table.delete().where(sa.true() if account is None else table.c.account == account))
