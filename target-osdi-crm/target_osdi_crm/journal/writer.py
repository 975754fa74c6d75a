"""The thread that writes the journal: what many others want written is committed together."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from osdi_crm_client.errors import class_and_place
from sqlalchemy.dialects import sqlite

from target_osdi_crm.journal.database import unusable
from target_osdi_crm.journal.schema import OPT_OUTS, RECORDS
from target_osdi_crm.journal.states import COLUMNS
from target_osdi_crm.stop import CONFIGURATION, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from target_osdi_crm.journal.states import Row

MOST_AT_ONCE = 500
"""Writes committed in one go."""

_KEYS = {column.name for column in RECORDS.primary_key}


@dataclass(slots=True)
class Write:
    """What is to be written at once; without anything, it tells when all before it is durable.

    Attributes:
        row: A row.
        opt_outs: Channels and addresses that are not to be used.
        opt_ins: Those that may be used again.
        work: What else is to be done in the same transaction.
        then: Called when it is durable, in the writer's thread.
        over: Set when it is durable, or never will be.
        at: When it was put.
    """

    row: Row | None = None
    opt_outs: Collection[tuple[str, str]] = ()
    opt_ins: Collection[tuple[str, str]] = ()
    work: Callable[[sa.Connection], Any] | None = None
    then: Callable[[], None] | None = None
    over: threading.Event | None = None
    at: float = 0.0


class Writer:
    """Commits what is put into its queue.

    Attributes:
        failure: Why nothing can be written any more.
    """

    def __init__(self, connection: sa.Connection, constant: dict[str, Any], fail: Callable[[Stop], None]) -> None:
        """Begin to write.

        Args:
            connection: Leads to the database, and holds what keeps others from writing.
            constant: What all rows have in common: account, source and run.
            fail: Told when nothing can be written any more.
        """
        self.failure: Stop | None = None
        self._connection = connection
        self._constant = constant
        self._fail = fail
        self._queue: SimpleQueue[Write | None] = SimpleQueue()
        insert = _insert(connection.dialect.name)
        record = insert(RECORDS)
        columns = {column.name for column in RECORDS.c} - _KEYS
        self._upsert = record.on_conflict_do_update(
            index_elements=sorted(_KEYS), set_={name: record.excluded[name] for name in columns}
        )
        self._opt_out = insert(OPT_OUTS).on_conflict_do_nothing()
        self._opt_in = OPT_OUTS.delete().where(opted_out(constant["account"]))
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def put(self, write: Write) -> None:
        """Have something written soon."""
        write.at = time.time()
        self._queue.put(write)

    def put_and_wait(self, write: Write) -> None:
        """Have something written, and return when it is durable.

        Raises:
            Stop: If the journal cannot be written.
        """
        write.over = threading.Event()
        self.put(write)
        write.over.wait()
        if self.failure:
            raise self.failure

    def catch_up(self) -> None:
        """Return when all that was put so far is durable, or never will be."""
        over = threading.Event()
        self.put(Write(over=over))
        over.wait()

    def end(self) -> None:
        """Write what is left; nothing may follow."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        """Commit what has gathered, again and again, until told to end; whoever waits is told of any failure."""
        ending = False
        while not ending:
            batch, ending = self._gathered()
            try:
                if not self.failure:
                    self._commit(batch)
                    for write in batch:
                        if write.then:
                            write.then()
            except Exception as error:  # noqa: BLE001
                self._give_up(error)
            for write in batch:
                if write.over:
                    write.over.set()

    def _give_up(self, error: Exception) -> None:
        why = unusable(error) if isinstance(error, sa.exc.SQLAlchemyError) else f"Unexpected: {class_and_place(error)}."
        self.failure = error if isinstance(error, Stop) else Stop(CONFIGURATION, str(why))
        self._fail(self.failure)

    def _gathered(self) -> tuple[list[Write], bool]:
        """Wait for a write; return it with those that have come meanwhile, and whether it is time to end."""
        batch: list[Write] = []
        while len(batch) < MOST_AT_ONCE:
            try:
                write = self._queue.get(block=not batch)
            except Empty:
                break
            if write is None:
                return batch, True
            batch.append(write)
        return batch, False

    def _commit(self, batch: list[Write]) -> None:
        account = self._constant["account"]
        rows = [
            {**dict(zip(COLUMNS, map(_storable, write.row), strict=True)), **self._constant, "at": write.at}
            for write in batch
            if write.row
        ]
        outs = [
            {"account": account, "channel": channel, "address": hashed(address)}
            for write in batch
            for channel, address in write.opt_outs
        ]
        ins = [
            {"of_channel": channel, "of_address": hashed(address)}
            for write in batch
            for channel, address in write.opt_ins
        ]
        with self._connection.begin():
            connection = self._connection
            if rows:
                connection.execute(self._upsert, rows)
            if outs:
                connection.execute(self._opt_out, outs)
            if ins:
                connection.execute(self._opt_in, ins)
            for write in batch:
                if write.work:
                    write.work(connection)


def _storable(value: Any) -> Any:
    """Return a value as every database takes it: no NUL and no half of a character in a text."""
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def hashed(address: str) -> bytes:
    """What is kept of an address that is not to be used."""
    return hashlib.blake2b(address.encode("utf-8", "replace"), digest_size=16).digest()


def opted_out(account: str) -> sa.ColumnElement[bool]:
    """Choose one address of a channel, by the parameters `of_channel` and `of_address`."""
    return sa.and_(
        OPT_OUTS.c.account == account,
        OPT_OUTS.c.channel == sa.bindparam("of_channel"),
        OPT_OUTS.c.address == sa.bindparam("of_address"),
    )


def _insert(dialect: str) -> Callable[[sa.Table], sqlite.Insert]:
    """What makes an INSERT that says what to do about rows that are there already."""
    if dialect == "sqlite":
        return sqlite.insert
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415  costs a tenth of a second to import

    return postgresql.insert  # type: ignore[return-value]
