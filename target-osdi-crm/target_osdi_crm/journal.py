"""The target's durable memory: what became of each record, under which id the vendor keeps it, and who opted out."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, fields
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import filelock
import sqlalchemy as sa
from osdi_crm_client import redaction, work_dir
from osdi_crm_client.errors import ConfigurationError
from sqlalchemy.dialects import sqlite

from target_osdi_crm.stop import CONFIGURATION, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

OK = "ok"
SENT = "sent"
SKIPPED = "skipped"
REJECTED = "rejected"
UNKNOWN = "unknown"
WAITING = "waiting"

CREATE = "create"
UPDATE = "update"
DELETE = "delete"

EACH_RUN = "each run"
REFERENCE = "reference"
CHANGE = "change"

MOST_AT_ONCE = 500
"""Rows read or written in one go."""

_tables = sa.MetaData()

RECORDS = sa.Table(
    "records",
    _tables,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("source_key", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("action", sa.Text),
    sa.Column("seen", sa.LargeBinary),
    sa.Column("fingerprint", sa.LargeBinary),
    sa.Column("tried", sa.LargeBinary),
    sa.Column("behaviour", sa.LargeBinary),
    sa.Column("vendor_id", sa.Text),
    sa.Column("channels", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("retry", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("words", sa.Text),
    sa.Column("record", sa.LargeBinary),
    sa.Column("sent", sa.LargeBinary),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sqlite_with_rowid=False,
)
sa.Index("records_by_vendor_id", RECORDS.c.account, RECORDS.c.stream, RECORDS.c.vendor_id)
_open = RECORDS.c.outcome != OK
sa.Index(
    "records_open", RECORDS.c.account, RECORDS.c.source, RECORDS.c.outcome, sqlite_where=_open, postgresql_where=_open
)

OPT_OUTS = sa.Table(
    "opt_outs",
    _tables,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("address", sa.LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)

RUNS = sa.Table(
    "runs",
    _tables,
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("started", sa.Float, nullable=False),
    sa.Column("ended", sa.Float),
    sa.Column("code", sa.Integer),
    sa.Column("summary", sa.Text),
)


@dataclass(slots=True)
class Row:
    """What the journal knows of one record.

    Attributes:
        stream: The vendor's stream.
        source_key: The record's key at the source.
        outcome: `ok`, `sent` (no answer yet), `skipped`, `rejected`, `unknown` or `waiting`.
        action: What was last sent: `create`, `update` or `delete`; `create` for as long as it may have been done.
        seen: Hash of the record as it came when it was last acknowledged.
        fingerprint: Hash of the payload last acknowledged, and of the settings that shape it.
        tried: The same of the payload that is sent, rejected, skipped, waiting or unknown.
        behaviour: Hash of the settings under which it was rejected or skipped; while a creation has no answer, of those
            under which that was sent.
        vendor_id: The vendor's id of the record.
        channels: Channels on which the vendor last showed an address, comma-separated.
        attempts: How often `tried` failed.
        retry: When a rejected record is tried again: `each run`, `reference` (once what it refers to is written) or
            `change` (when the record or the settings change).
        reason: Why it is not `ok`, in a few words of ours.
        words: The same in the vendor's words.
        record: The record as it came, as JSON, while it is not acknowledged.
        sent: The record whose creation has no answer, where `record` is a newer one; empty once it is erased.
        run: The run that last wrote this.
        at: When it did, in seconds since 1970; while a creation has no answer, when that was sent.
    """

    stream: str
    source_key: str
    outcome: str = SENT
    action: str | None = None
    seen: bytes | None = None
    fingerprint: bytes | None = None
    tried: bytes | None = None
    behaviour: bytes | None = None
    vendor_id: str | None = None
    channels: str | None = None
    attempts: int = 0
    retry: str | None = None
    reason: str | None = None
    words: str | None = None
    record: bytes | None = None
    sent: bytes | None = None
    run: int = 0
    at: float = 0.0

    @property
    def in_doubt(self) -> bool:
        """Whether the vendor may have created the record without our knowing."""
        told_to_send_again = self.outcome == UNKNOWN and self.retry == EACH_RUN
        return self.action == CREATE and self.vendor_id is None and not told_to_send_again


_FIELDS = tuple(each.name for each in fields(Row))


@dataclass(slots=True)
class _Write:
    row: Row | None = None
    opt_outs: Collection[tuple[str, str]] = ()
    opt_ins: Collection[tuple[str, str]] = ()
    then: Callable[[], None] | None = None
    durable: threading.Event | None = None


class Journal:
    """The journal of one account and source; safe to use from any thread.

    Writes are gathered and committed together by one thread. In a dry run the database is only read, and what would
    be written is remembered until the run ends.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        account: str,
        *,
        read_only: bool = False,
        fail: Callable[[Stop], None] = lambda _: None,
    ) -> None:
        """Open the journal that the settings name.

        Args:
            config: The settings.
            account: The name of the account.
            read_only: Whether to write nothing, for a dry run.
            fail: Told when the journal cannot be written any more.

        Raises:
            ConfigurationError: If it cannot be opened.
            Stop: If another run holds it for this account.
        """
        self.account = account
        self.source = str(config.get("source") or "default")
        self.run = 0
        self.failure: Stop | None = None
        self._fail = fail
        self._planned: dict[tuple[str, str], Row] | None = {} if read_only else None
        self._closing = ExitStack()
        self._queue: SimpleQueue[_Write | None] = SimpleQueue()
        self._writer: threading.Thread | None = None
        self._any_opt_outs = False
        self._engine = engine(address(config), read_only=read_only)
        if not self._engine:
            return
        self._closing.callback(self._engine.dispose)
        self._mine = sa.and_(RECORDS.c.account == account, RECORDS.c.source == self.source)
        insert = _insert(self._engine.dialect.name)
        record = insert(RECORDS)
        self._upsert = record.on_conflict_do_update(
            index_elements=["account", "source", "stream", "source_key"],
            set_={name: record.excluded[name] for name in _FIELDS if name not in {"stream", "source_key"}},
        )
        self._opt_out = insert(OPT_OUTS).on_conflict_do_nothing()
        this = (
            OPT_OUTS.c.account == account,
            OPT_OUTS.c.channel == sa.bindparam("of_channel"),
            OPT_OUTS.c.address == sa.bindparam("of_address"),
        )
        self._opt_in = OPT_OUTS.delete().where(*this)
        self._opted_out = sa.select(sa.literal(1)).where(*this)
        try:
            if not read_only:
                self._begin(int(config.get("journal_retention_days", 90)))
            there = _columns(self._engine) if read_only else _FIELDS
            self._whole = [RECORDS.c[name] if name in there else sa.null().label(name) for name in _FIELDS]
            self._light = [sa.null().label(each.name) if each.name == "record" else each for each in self._whole]
            with self._engine.connect() as connection:
                self._any_opt_outs = connection.execute(sa.select(OPT_OUTS.c.account).limit(1)).first() is not None
        except sa.exc.SQLAlchemyError as error:
            self._closing.close()
            raise _unusable(error) from None
        except Stop:
            self._closing.close()
            raise

    def _begin(self, keep_days: int) -> None:
        assert self._engine  # noqa: S101
        self._closing.enter_context(_alone(self._engine, self.account))
        _tables.create_all(self._engine)
        there = _columns(self._engine)
        with self._engine.begin() as connection:
            for new in (column for column in RECORDS.c if column.name not in there):
                kind = new.type.compile(self._engine.dialect)
                connection.execute(sa.text(f"ALTER TABLE {RECORDS.name} ADD COLUMN {new.name} {kind}"))
            latest = connection.execute(sa.select(sa.func.max(RUNS.c.run))).scalar()
            self.run = (latest or 0) + 1
            start = {"run": self.run, "account": self.account, "source": self.source, "started": time.time()}
            connection.execute(RUNS.insert(), start)
            if keep_days:
                erased = sa.case((RECORDS.c.sent.is_not(None), b""))
                aged = sa.and_(self._mine, _open, RECORDS.c.at < time.time() - keep_days * 86400)
                connection.execute(RECORDS.update().where(aged).values(record=None, sent=erased, words=None))
        self._writer = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._writer.start()

    def catch_up(self) -> None:
        """Return when all that was to be written so far is durable."""
        if self._writer:
            durable = threading.Event()
            self._queue.put(_Write(durable=durable))
            durable.wait()

    def settle(self) -> None:
        """Write all there is to write; nothing may follow."""
        if self._writer:
            self._queue.put(None)
            self._writer.join()
            self._writer = None

    def end(self, code: int, summary: str) -> None:
        """Note how the run ended, once all is written, and let go of the journal."""
        self.settle()
        if self.run and not self.failure and self._engine:
            with self._engine.begin() as connection:
                done = {"ended": time.time(), "code": code, "summary": summary}
                connection.execute(RUNS.update().where(RUNS.c.run == self.run), done)
        self._closing.close()

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        """Connect, to read.

        Raises:
            Stop: If the journal cannot be read.
        """
        assert self._engine  # noqa: S101
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise Stop(CONFIGURATION, str(_unusable(error))) from None

    def acknowledged(self, stream: str, keys: Collection[str]) -> dict[str, tuple[bytes, float]]:
        """Read, of those of these source keys that are `ok`, how they were last seen, and when."""
        found: dict[str, tuple[bytes, float]] = {}
        if self._engine:
            query = sa.select(RECORDS.c.source_key, RECORDS.c.seen, RECORDS.c.at).where(
                self._mine,
                RECORDS.c.stream == stream,
                RECORDS.c.source_key.in_(keys),
                RECORDS.c.outcome == OK,
            )
            with self._reading() as connection:
                found = {key: (seen, at) for key, seen, at in connection.execute(query)}
        if self._planned:
            found |= {key: (b"", 0.0) for key in keys if (stream, key) in self._planned}
        return found

    def rows(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Row]:
        """Read the rows of these (stream, source key) pairs, without their records; no key holds a NUL."""
        found: dict[tuple[str, str], Row] = {}
        by_stream: dict[str, list[str]] = {}
        for stream, key in keys:
            if "\0" not in key:
                by_stream.setdefault(stream, []).append(key)
        if self._engine and by_stream:
            with self._reading() as connection:
                for stream, wanted in by_stream.items():
                    query = sa.select(*self._light).where(
                        self._mine, RECORDS.c.stream == stream, RECORDS.c.source_key.in_(wanted)
                    )
                    for values in connection.execute(query):
                        found[stream, values[1]] = Row(*values)
        if self._planned:
            found |= {key: self._planned[key] for key in keys if key in self._planned}
        return found

    def record(self, stream: str, source_key: str) -> bytes | None:
        """Read the record that is kept with a row."""
        if not self._engine:
            return None
        query = sa.select(RECORDS.c.record).where(
            self._mine, RECORDS.c.stream == stream, RECORDS.c.source_key == source_key
        )
        with self._reading() as connection:
            kept: bytes | None = connection.execute(query).scalar()
            return kept

    def unfinished(self) -> Iterator[list[Row]]:
        """Read, in batches, the rows with a record that waits, has no answer, or is to be tried again."""
        after = ("", "")
        while self._engine and (batch := self._unfinished_after(after)):
            planned = self._planned or {}
            yield [row for row in batch if (row.stream, row.source_key) not in planned]
            after = (batch[-1].stream, batch[-1].source_key)
        if waiting := [copy(row) for row in (self._planned or {}).values() if row.outcome == WAITING]:
            yield waiting

    def _unfinished_after(self, key: tuple[str, str]) -> list[Row]:
        rejected = sa.and_(RECORDS.c.outcome == REJECTED, RECORDS.c.retry.in_((EACH_RUN, REFERENCE)))
        told_to_send_again = sa.and_(RECORDS.c.outcome == UNKNOWN, RECORDS.c.retry == EACH_RUN)
        query = (
            sa.select(*self._whole)
            .where(
                self._mine,
                RECORDS.c.record.is_not(None),
                sa.or_(RECORDS.c.outcome.in_((SENT, WAITING)), rejected, told_to_send_again),
                sa.tuple_(RECORDS.c.stream, RECORDS.c.source_key) > sa.tuple_(*map(sa.literal, key)),
            )
            .order_by(RECORDS.c.stream, RECORDS.c.source_key)
            .limit(MOST_AT_ONCE)
        )
        with self._reading() as connection:
            return [Row(*values) for values in connection.execute(query)]

    def standing(self) -> dict[str, int]:
        """Count this source's records that are not `ok`, by outcome."""
        if not self._engine:
            return {}
        query = sa.select(RECORDS.c.outcome, sa.func.count()).where(self._mine, _open).group_by(RECORDS.c.outcome)
        with self._reading() as connection:
            return {str(outcome): int(count) for outcome, count in connection.execute(query)}

    def claimed(self, stream: str, vendor_id: str, *, of_this_source: bool = False) -> bool:
        """Whether some record, of any source or of this one, is known to be kept under this id."""
        if not self._engine:
            return False
        whose = self._mine if of_this_source else RECORDS.c.account == self.account
        query = sa.select(sa.literal(1)).where(whose, RECORDS.c.stream == stream, RECORDS.c.vendor_id == vendor_id)
        with self._reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def opted_out(self, channel: str, addressed: str) -> bool:
        """Whether some record said that this address is not to be used."""
        if not self._engine or not self._any_opt_outs:
            return False
        this = {"of_channel": channel, "of_address": _hash(addressed)}
        with self._reading() as connection:
            return connection.execute(self._opted_out, this).first() is not None

    def last_write(self) -> float:
        """When an earlier run last sent something to this account, in seconds since 1970."""
        if not self._engine:
            return 0.0
        earlier = sa.select(RUNS.c.ended).where(RUNS.c.account == self.account, RUNS.c.run != self.run)
        latest = sa.select(sa.func.max(RECORDS.c.at)).where(RECORDS.c.account == self.account)
        with self._reading() as connection:
            run = connection.execute(earlier.order_by(RUNS.c.run.desc()).limit(1)).first()
            if run is None:
                return 0.0
            return float(run.ended or connection.execute(latest).scalar() or 0.0)

    def write(self, row: Row, *, opt_outs: Collection[tuple[str, str]] = ()) -> None:
        """Write a row, and (channel, address) pairs not to be used; return when they are durable.

        Raises:
            Stop: If the journal cannot be written.
        """
        durable = threading.Event()
        self._put(row, _Write(opt_outs=opt_outs, durable=durable))
        durable.wait()
        if self.failure:
            raise self.failure

    def write_all(self, rows: Sequence[Row]) -> None:
        """Write rows, and return when they are durable; raises what `write` raises."""
        for row in rows[:-1]:
            self._put(row, _Write())
        for row in rows[-1:]:
            self.write(row)

    def write_soon(
        self,
        row: Row,
        *,
        then: Callable[[], None],
        opt_outs: Collection[tuple[str, str]] = (),
        opt_ins: Collection[tuple[str, str]] = (),
        at: float | None = None,
    ) -> None:
        """Write a row, addresses not to be used and addresses that may be again; call `then` when that is durable.

        The row is to count as written `at` a time, if not now.
        """
        self._put(row, _Write(opt_outs=opt_outs, opt_ins=opt_ins, then=then), at)

    def _put(self, row: Row, write: _Write, at: float | None = None) -> None:
        row.run = self.run
        row.at = time.time() if at is None else at
        write.row = copy(row)
        if self._planned is None:
            self._queue.put(write)
            return
        if row.outcome != WAITING:
            write.row.record = None
        self._planned[row.stream, row.source_key] = write.row
        _tell([write])

    def _write_all(self) -> None:
        """Commit what has gathered, again and again, until told to end."""
        assert self._engine  # noqa: S101
        with self._engine.connect() as connection:
            self._write_through(connection)

    def _write_through(self, connection: sa.Connection) -> None:
        ending = False
        while not ending:
            first = self._queue.get()
            if first is None:
                return
            batch = [first]
            while len(batch) < MOST_AT_ONCE:
                try:
                    more = self._queue.get_nowait()
                except Empty:
                    break
                if more is None:
                    ending = True
                    break
                batch.append(more)
            if not self.failure:
                try:
                    self._commit(connection, batch)
                except sa.exc.SQLAlchemyError as error:
                    self.failure = Stop(CONFIGURATION, str(_unusable(error)))
                    self._fail(self.failure)
            _tell(batch, done=not self.failure)

    def _commit(self, connection: sa.Connection, batch: list[_Write]) -> None:
        mine = {"account": self.account, "source": self.source}
        rows = [{**mine, **dict(zip(_FIELDS, _values(write.row), strict=True))} for write in batch if write.row]
        outs = [
            {"account": self.account, "channel": channel, "address": _hash(addressed)}
            for write in batch
            for channel, addressed in write.opt_outs
        ]
        ins = [
            {"of_channel": channel, "of_address": _hash(addressed)}
            for write in batch
            for channel, addressed in write.opt_ins
        ]
        with connection.begin():
            if rows:
                connection.execute(self._upsert, rows)
            if outs:
                self._any_opt_outs = True
                connection.execute(self._opt_out, outs)
            if ins:
                connection.execute(self._opt_in, ins)


def _insert(dialect: str) -> Callable[[sa.Table], sqlite.Insert]:
    """What makes an INSERT that says what to do about rows that are there already."""
    if dialect == "sqlite":
        return sqlite.insert
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415  costs a tenth of a second to import

    return postgresql.insert  # type: ignore[return-value]


def _columns(made: sa.Engine) -> set[str]:
    """The columns that the table of records has; one that an earlier release made may lack some."""
    return {str(each["name"]) for each in sa.inspect(made).get_columns(RECORDS.name)}


def _values(row: Row) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in _FIELDS)


def _tell(batch: list[_Write], *, done: bool = True) -> None:
    for write in batch:
        if write.durable:
            write.durable.set()
        if write.then and done:
            write.then()


def _hash(addressed: str) -> bytes:
    return hashlib.blake2b(addressed.encode(), digest_size=16).digest()


def address(config: Mapping[str, Any]) -> sa.URL:
    """The database that the settings name: a file in the working folder, unless told otherwise.

    Raises:
        ConfigurationError: If it is not a database we can keep a journal in.
    """
    named = str(config.get("journal") or "")
    if "://" not in named:
        file = Path(named) if named else work_dir.path(config, "journal.db")
        return sa.URL.create("sqlite", database=str(file))
    try:
        url = sa.make_url(named)
    except sa.exc.ArgumentError:
        raise ConfigurationError("The setting 'journal' is neither a path nor a database address.") from None
    redaction.hide(named, url.password)
    backend = url.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise ConfigurationError(f"The setting 'journal' names a {backend} database; use SQLite or Postgres.")
    return url.set(drivername="postgresql+psycopg") if backend == "postgresql" else url


def engine(url: sa.URL, *, read_only: bool) -> sa.Engine | None:
    """Open the database; None where there is none and it is only to be read.

    Raises:
        ConfigurationError: If it cannot be opened.
    """
    try:
        if url.get_backend_name() == "postgresql":
            made = sa.create_engine(url, pool_size=20)
            with made.connect() as connection:
                there = sa.inspect(connection).has_table(RECORDS.name)
            if there or not read_only:
                return made
            made.dispose()
            return None
        file = Path(url.database or "journal.db")
        if read_only and not file.exists():
            return None
        if not read_only:
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        made = sa.create_engine(url, pool_size=20)
        sa.event.listen(made, "connect", _read_only if read_only else _durable)
        with made.connect():
            return made
    except ModuleNotFoundError:
        raise ConfigurationError(
            "The journal is to be kept in Postgres, and its driver is missing: pip install 'target-osdi-crm[postgres]'."
        ) from None
    except OSError as error:
        raise ConfigurationError(f"The journal {url.database} cannot be opened: {error.strerror}.") from None
    except sa.exc.SQLAlchemyError as error:
        raise _unusable(error) from None


def _durable(connection: Any, _: object) -> None:
    for setting in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {setting}")


def _read_only(connection: Any, _: object) -> None:
    for setting in ("query_only=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {setting}")


def _unusable(error: sa.exc.SQLAlchemyError) -> ConfigurationError:
    cause = getattr(error, "orig", None)
    return ConfigurationError(
        f"The journal cannot be used: {' '.join(str(cause or type(error).__name__).split())}. Nothing was sent that it"
        " does not know of; mend it (space, rights, address) and run again."
    )


class _alone:  # noqa: N801
    """Holds the journal for one account, so that no second run writes there at the same time."""

    def __init__(self, made: sa.Engine, account: str) -> None:
        self._engine = made
        self._account = account
        self._lock: filelock.FileLock | sa.Connection | None = None

    def __enter__(self) -> None:
        digest = hashlib.blake2b(self._account.encode(), digest_size=8).digest()
        if self._engine.dialect.name == "postgresql":
            self._lock = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            number = int.from_bytes(digest, signed=True)
            mine = self._lock.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar()
        else:
            self._lock = filelock.FileLock(f"{self._engine.url.database}.{digest.hex()}.lock", mode=0o600)
            try:
                self._lock.acquire(timeout=0)
                mine = True
            except filelock.Timeout:
                mine = False
        if not mine:
            self.__exit__()
            raise Stop(
                CONFIGURATION,
                f"Another run is writing to the account '{self._account}' with this journal. Wait until it has ended.",
            )

    def __exit__(self, *_: object) -> None:
        if isinstance(self._lock, sa.Connection):
            self._lock.close()
        elif self._lock:
            self._lock.release()
