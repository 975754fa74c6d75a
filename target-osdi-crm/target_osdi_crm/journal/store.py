"""The journal of one account and source: what is asked of it and written to it, from any thread."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from target_osdi_crm.journal import database, lock, migration
from target_osdi_crm.journal.mirrors import Mirrors
from target_osdi_crm.journal.schema import OPEN, OPT_OUTS, RECORDS, RUNS
from target_osdi_crm.journal.states import COLUMNS, PENDING, REJECTED, RETRIED, TRANSITIONS, WRITTEN, Event, Row, State
from target_osdi_crm.journal.writer import MOST_AT_ONCE, Write, Writer, hashed
from target_osdi_crm.stop import CONFIGURATION, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

LONGEST_UNDER_WAY = 600.0
"""Seconds from when a record was last noted to the end of its call, with all its tries: a killed run notes no end."""

DAY = 86_400.0


class Journal:
    """The journal of one account and source; safe to use from any thread.

    In a dry run the database is only read, and what would be written is remembered until the run ends.

    Attributes:
        account: The name of the account.
        source: The name of the source.
        run: The number of this run; 0 in a dry run.
        mirrors: What it knows of complete versions.
    """

    def __init__(
        self,
        address: sa.URL,
        account: str,
        source: str = "default",
        *,
        keep_days: int = 90,
        read_only: bool = False,
        fail: Callable[[Stop], None] = lambda _: None,
    ) -> None:
        """Open a journal.

        Args:
            address: The database.
            account: The name of the account.
            source: The name of the source.
            keep_days: Days after which contents of records that are not written are erased; 0 keeps them.
            read_only: Whether to write nothing, for a dry run.
            fail: Told when the journal cannot be written any more.

        Raises:
            ConfigurationError: If it cannot be opened.
            Stop: If another run holds it for this account.
        """
        self.account = account
        self.source = source
        self.run = 0
        self._planned: dict[tuple[str, str], Row] | None = {} if read_only else None
        self._writer: Writer | None = None
        self._any_opt_outs = False
        self._opting_out: set[tuple[str, bytes]] = set()
        self._closing = ExitStack()
        self._engine = database.opened(address, read_only=read_only)
        self.mirrors = Mirrors(self._engine, account, source, carry_out=self.carry_out)
        if not self._engine:
            return
        with ExitStack() as opening:
            opening.callback(self._engine.dispose)
            try:
                if not read_only:
                    holding = opening.enter_context(lock.held(self._engine, account))
                    migration.carry_over(self._engine)
                self._records = migration.records(self._engine)
                records = self._records.c
                self._mine = sa.and_(records.account == account, records.source == source)
                self._whole = [self._records.c[name] for name in COLUMNS]
                self._light = [sa.null().label(each.name) if each.name == "record" else each for each in self._whole]
                with self._engine.connect() as connection:
                    self._any_opt_outs = connection.execute(sa.select(OPT_OUTS.c.account).limit(1)).first() is not None
                if not read_only:
                    self._begin(holding, keep_days, fail)
            except sa.exc.SQLAlchemyError as error:
                raise database.unusable(error) from None
            self._closing = opening.pop_all()

    def _begin(self, holding: sa.Connection, keep_days: int, fail: Callable[[Stop], None]) -> None:
        """Begin a run: number it, and erase what has been kept long enough."""
        assert self._engine  # noqa: S101
        with self._engine.begin() as connection:
            latest = connection.execute(sa.select(sa.func.max(RUNS.c.run))).scalar()
            self.run = (latest or 0) + 1
            start = {"run": self.run, "account": self.account, "source": self.source, "started": time.time()}
            connection.execute(RUNS.insert(), start)
            if keep_days:
                aged = sa.and_(self._mine, OPEN, RECORDS.c.at < time.time() - keep_days * DAY)
                happen(connection, Event.ERASE, aged, sent=sa.case((RECORDS.c.sent.is_not(None), b""), else_=None))
        constant = {"account": self.account, "source": self.source, "run": self.run}
        self._writer = Writer(holding, constant, fail)

    def has_records(self, source: str) -> bool:
        """Whether anything of this source is known."""
        if not self._engine:
            return False
        records = self._records.c
        query = sa.select(records.source_key).where(records.account == self.account, records.source == source).limit(1)
        with self.reading() as connection:
            return connection.execute(query).first() is not None

    def catch_up(self) -> None:
        """Return when all that was to be written so far is durable."""
        if self._writer:
            self._writer.catch_up()

    def settle(self) -> None:
        """Write all there is to write; nothing may follow."""
        if self._writer:
            self._writer.end()

    def end(self, code: int, summary: str) -> None:
        """Note how the run ended, once all is written, and let go of the journal."""
        self.settle()
        if self._writer and not self._writer.failure and self._engine:
            with self._engine.begin() as connection:
                done = {"ended": time.time(), "code": code, "summary": summary}
                connection.execute(RUNS.update().where(RUNS.c.run == self.run), done)
        self._closing.close()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Connect, to read.

        Raises:
            Stop: If the journal cannot be read.
        """
        assert self._engine  # noqa: S101
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise Stop(CONFIGURATION, str(database.unusable(error))) from None

    def acknowledged(self, stream: str, keys: Collection[str]) -> dict[str, tuple[bytes, float]]:
        """Read, of those of these source keys that are `ok`, how they were last seen, and when."""
        found: dict[str, tuple[bytes, float]] = {}
        if self._engine:
            records = self._records.c
            query = sa.select(records.source_key, records.seen, records.at).where(
                self._mine,
                records.stream == stream,
                records.source_key.in_(keys),
                records.state == State.OK,
            )
            with self.reading() as connection:
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
            records = self._records.c
            with self.reading() as connection:
                for stream, wanted in by_stream.items():
                    query = sa.select(*self._light).where(
                        self._mine, records.stream == stream, records.source_key.in_(wanted)
                    )
                    for values in connection.execute(query):
                        found[stream, values[1]] = _row(values)
        if self._planned:
            found |= {key: self._planned[key] for key in keys if key in self._planned}
        return found

    def record(self, stream: str, source_key: str) -> bytes | None:
        """Read the record that is kept with a row."""
        if not self._engine:
            return None
        records = self._records.c
        query = sa.select(records.record).where(self._mine, records.stream == stream, records.source_key == source_key)
        with self.reading() as connection:
            kept: bytes | None = connection.execute(query).scalar()
            return kept

    def unfinished(self) -> Iterator[list[Row]]:
        """Read, in batches, the rows with a record that waits, has no answer, or is to be tried again."""
        after = ("", "")
        while self._engine and (batch := self._unfinished_after(after)):
            planned = self._planned or {}
            yield [row for row in batch if (row.stream, row.source_key) not in planned]
            after = (batch[-1].stream, batch[-1].source_key)
        if waiting := [row for row in (self._planned or {}).values() if row.state is State.WAITING]:
            yield waiting

    def _unfinished_after(self, key: tuple[str, str]) -> list[Row]:
        records = self._records.c
        query = (
            sa.select(*self._whole)
            .where(
                self._mine,
                records.record.is_not(None),
                records.state.in_(PENDING | RETRIED),
                sa.tuple_(records.stream, records.source_key) > sa.tuple_(*map(sa.literal, key)),
            )
            .order_by(records.stream, records.source_key)
            .limit(MOST_AT_ONCE)
        )
        with self.reading() as connection:
            return [_row(values) for values in connection.execute(query)]

    def standing(self) -> dict[str, int]:
        """Count this source's records that are not `ok`, by outcome."""
        counts: dict[str, int] = {}
        if self._engine:
            column = self._records.c.state
            query = sa.select(column, sa.func.count()).where(self._mine, column != State.OK).group_by(column)
            with self.reading() as connection:
                for value, count in connection.execute(query):
                    if (state := State(value)) not in WRITTEN:
                        counts[state.outcome] = counts.get(state.outcome, 0) + int(count)
        return counts

    def rejected_as(self, code: str) -> int:
        """Count this source's records that are rejected with a code."""
        if not self._engine:
            return 0
        records = self._records.c
        query = sa.select(sa.func.count()).where(self._mine, records.state.in_(REJECTED), records.code == code)
        with self.reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    def claimed(self, stream: str, vendor_id: str, *, of_this_source: bool = False, but: str | None = None) -> bool:
        """Whether some record, of any source or of this one, but for one of its keys, is kept under this id."""
        if not self._engine:
            return False
        records = self._records.c
        whose = self._mine if of_this_source else records.account == self.account
        others = sa.true() if but is None else sa.not_(sa.and_(self._mine, records.source_key == but))
        this = sa.and_(whose, others, records.stream == stream, records.vendor_id == vendor_id)
        with self.reading() as connection:
            return connection.execute(sa.select(sa.literal(1)).where(this).limit(1)).first() is not None

    def known(self, stream: str) -> int:
        """Count this source's records of a stream that the vendor has under a known id."""
        if not self._engine:
            return 0
        records = self._records.c
        query = sa.select(sa.func.count()).where(self._mine, records.stream == stream, records.vendor_id.is_not(None))
        with self.reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    def opt_out(self, addresses: Collection[tuple[str, str]]) -> None:
        """Keep (channel, address) pairs that are not to be used: whoever asks from now on is told."""
        hashes = {(channel, hashed(address)) for channel, address in addresses}
        self._opting_out |= hashes
        self._any_opt_outs = True
        if self._writer:
            self._put(Write(opt_outs=addresses, then=lambda: self._opting_out.difference_update(hashes)))

    def opted_out(self, asked: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
        """Those of these (channel, address) pairs of which some record said that they are not to be used."""
        if not self._any_opt_outs or not asked:
            return []
        hashes = {(channel, hashed(address)): (channel, address) for channel, address in asked}
        found = {each for each in hashes if each in self._opting_out}
        if self._engine and len(found) < len(hashes):
            columns = OPT_OUTS.c
            query = sa.select(columns.channel, columns.address).where(
                columns.account == self.account,
                columns.channel.in_({channel for channel, _ in hashes}),
                columns.address.in_({address for _, address in hashes}),
            )
            with self.reading() as connection:
                found |= {(channel, bytes(address)) for channel, address in connection.execute(query)} & hashes.keys()
        return [hashes[each] for each in found]

    def last_write(self) -> float:
        """When an earlier run last sent something to this account, or may have done so; in seconds since 1970."""
        if not self._engine:
            return 0.0
        records = self._records.c
        earlier = sa.select(RUNS.c.ended).where(RUNS.c.account == self.account, RUNS.c.run != self.run)
        latest = sa.select(sa.func.max(records.at)).where(records.account == self.account)
        with self.reading() as connection:
            run = connection.execute(earlier.order_by(RUNS.c.run.desc()).limit(1)).first()
            if run is None:
                return 0.0
            noted = connection.execute(latest).scalar() or 0.0
        return float(run.ended or max(noted, min(noted + LONGEST_UNDER_WAY, time.time())))

    def run_before(self) -> str:
        """The summary of the run before this one from this source, as JSON; empty where none has ended."""
        if not self._engine:
            return ""
        mine = (RUNS.c.account == self.account, RUNS.c.source == self.source, RUNS.c.run != self.run)
        query = sa.select(RUNS.c.summary).where(*mine, RUNS.c.summary.is_not(None)).order_by(RUNS.c.run.desc()).limit(1)
        with self.reading() as connection:
            return str(connection.execute(query).scalar() or "")

    def write(self, row: Row) -> None:
        """Write a row; return when it is durable.

        Raises:
            Stop: If the journal cannot be written.
        """
        self.write_all([row])

    def write_all(self, rows: Sequence[Row]) -> None:
        """Write rows, and return when they are durable; raises what `write` raises."""
        *first, last = [Write(row) for row in rows]
        for write in first:
            self._put(write)
        self._put(last, wait=True)

    def write_soon(
        self,
        row: Row,
        *,
        then: Callable[[], None],
        opt_outs: Collection[tuple[str, str]] = (),
        opt_ins: Collection[tuple[str, str]] = (),
        moved: Collection[str] = (),
    ) -> None:
        """Write a row, addresses not to be used and addresses that may be again; call `then` when that is durable.

        In the streams `moved`, what lives below the record is to be made anew, as far as the keys there tell.
        """
        work = None
        if moved and self._writer:
            key = msgspec.json.encode(row.source_key).decode()
            below = sa.or_(RECORDS.c.source_key.contains(key, autoescape=True), RECORDS.c.source_key.not_like('["%'))
            which = sa.and_(self._mine, RECORDS.c.stream.in_(moved), below)
            work = partial(happen, event=Event.MOVE, which=which)
        self._put(Write(row, opt_outs, opt_ins, work, then))

    def carry_out(self, work: Callable[[sa.Connection], None]) -> None:
        """Do some work in a transaction of its own; return when that is durable; raises what `write` raises."""
        self._put(Write(work=work), wait=True)

    def _put(self, write: Write, *, wait: bool = False) -> None:
        if self._writer:
            if wait:
                self._writer.put_and_wait(write)
            else:
                self._writer.put(write)
            return
        if self._planned is not None and (row := write.row):
            record = row.record if row.state is State.WAITING else None
            self._planned[row.stream, row.source_key] = row._replace(record=record, run=self.run, at=time.time())
        if write.then:
            write.then()


def happen(connection: sa.Connection, event: Event, which: sa.ColumnElement[bool], **given: Any) -> int:
    """Let an event happen to all chosen records in whose state it can, and return how many those are."""
    transition = TRANSITIONS[event]
    state = sa.case({before.value: after.value for before, after in transition.moves.items()}, value=RECORDS.c.state)
    affected = sa.and_(which, RECORDS.c.state.in_(transition.moves))
    update = RECORDS.update().where(affected).values(state=state, **transition.values(given))
    return connection.execute(update).rowcount


def _row(values: Sequence[Any]) -> Row:
    stream, source_key, state, deleted, *more = values
    return Row(stream, source_key, State(state), bool(deleted), *more)
