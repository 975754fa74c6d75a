"""What the journal knows of complete versions: who read them last, and which records no mirror may take for gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from target_osdi_crm.journal.schema import READERS, RECORDS, UNMIRRORED
from target_osdi_crm.journal.states import PENDING, RETRIED, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    CarryOut = Callable[[Callable[[sa.Connection], None]], None]

MOST_AT_ONCE = 500

_NOT_OURS = frozenset({State.SKIPPED, State.UNKNOWN, State.SETTLED})
"""States of records that were left alone, or of which nobody knows what the vendor has."""


class Mirrors:
    """What of one account and source is mirrored."""

    def __init__(self, engine: sa.Engine | None, account: str, source: str, *, carry_out: CarryOut) -> None:
        """Stand on a journal; None where there is none yet. What is to be written is for `carry_out`."""
        self._engine = engine
        self._carry_out = carry_out
        self._whose = {"account": account, "source": source}

    def gone(self, stream: str, reader: str, brought: Callable[[str], bool]) -> Iterator[str]:
        """Yield the source keys that a complete version of a stream did not bring.

        What a reader does not bring, it may not be able to see. So of what another one brought nothing is yielded
        until this one has brought it too.
        """
        if self._engine is None:
            return
        before = self._reader(stream)
        left_alone = {key for key in self._unmirrored(stream) if not brought(key)}
        if before not in {None, reader}:
            left_alone |= {key for key in self._known(stream) if not brought(key)}
        self._note(stream, reader, left_alone)
        for key in self._known(stream):
            if key not in left_alone and not brought(key):
                yield key

    def is_another_reader(self, stream: str, reader: str) -> bool:
        """Whether somebody else read the latest version of a stream."""
        return self._reader(stream) not in {None, reader}

    def _of(self, table: sa.Table, stream: str) -> sa.ColumnElement[bool]:
        whose = {**self._whose, "stream": stream}
        return sa.and_(*(table.c[name] == value for name, value in whose.items()))

    def _reader(self, stream: str) -> str | None:
        return next(self._column(READERS, "reader", stream), None)

    def _unmirrored(self, stream: str) -> Iterator[str]:
        return self._column(UNMIRRORED, "source_key", stream)

    def _column(self, table: sa.Table, name: str, stream: str) -> Iterator[str]:
        if self._engine is None or not sa.inspect(self._engine).has_table(table.name):
            return
        with self._engine.connect() as connection:
            yield from connection.execute(sa.select(table.c[name]).where(self._of(table, stream))).scalars().all()

    def _known(self, stream: str) -> Iterator[str]:
        """Yield, in batches of the database's, the keys of what the source has brought and not taken away."""
        assert self._engine  # noqa: S101
        written = sa.and_(RECORDS.c.vendor_id.is_not(None), RECORDS.c.state.not_in(_NOT_OURS))
        live = sa.and_(self._of(RECORDS, stream), sa.or_(written, RECORDS.c.state.in_(PENDING | RETRIED)))
        key, after = RECORDS.c.source_key, ""
        query = sa.select(key).where(live, key > sa.bindparam("after")).order_by(key).limit(MOST_AT_ONCE)
        while True:
            with self._engine.connect() as connection:
                keys = list(connection.execute(query, {"after": after}).scalars())
            yield from keys
            if len(keys) < MOST_AT_ONCE:
                return
            after = keys[-1]

    def _note(self, stream: str, reader: str, left_alone: set[str]) -> None:
        mine = {**self._whose, "stream": stream}

        def work(connection: sa.Connection) -> None:
            for table in (READERS, UNMIRRORED):
                connection.execute(table.delete().where(self._of(table, stream)))
            connection.execute(READERS.insert(), {**mine, "reader": reader})
            if left_alone:
                connection.execute(UNMIRRORED.insert(), [{**mine, "source_key": key} for key in left_alone])

        self._carry_out(work)
