"""What readings remember of single records from run to run: rows under a lineage and a generation that STATE names.

A state can be lost, set back, or copied to a second loader, and a run can end after its rows were kept and before its
state was. So rows count for the very generation that the state names, and no other; each loader's runs go on in a
lineage of their own. What a run finds before its end is kept apart, in a draft that nobody else names.

A SQLite file for one machine, Postgres for many. SQLAlchemy speaks to both, but takes 16 MB and a third of a second.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import uuid
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from osdi_crm_client import databases, work_dir
from osdi_crm_client.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import psycopg

LONGEST_UNUSED = 15 * 86_400.0
"""Seconds after which a lineage that no run has used is forgotten: its reader asks for everything again."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS osdi_crm_lineages (lineage text PRIMARY KEY, generation int, about text, used float8)",
    "CREATE TABLE IF NOT EXISTS osdi_crm_rows (lineage text, key text, value text, PRIMARY KEY (lineage, key))",
)

_FORGET = (
    "DELETE FROM osdi_crm_rows WHERE lineage IN (SELECT lineage FROM osdi_crm_lineages WHERE used < ?)",
    "DELETE FROM osdi_crm_lineages WHERE used < ?",
)

_MAKE_ROOM = "DELETE FROM osdi_crm_rows WHERE lineage = ? AND key IN (SELECT key FROM osdi_crm_rows WHERE lineage = ?)"

_LOCK = 91735210
"""The advisory lock under which the tables are made."""


Run: TypeAlias = "Callable[..., sqlite3.Cursor | psycopg.Cursor[Any]]"
"""Runs a statement with its values."""


class StoreFailed(Exception):
    """The store cannot be used; the message says why, in a word or two."""


@dataclass(frozen=True)
class Version:
    """What a state names."""

    lineage: str
    generation: int

    @classmethod
    def of(cls, noted: Any) -> Version | None:
        """Read what stands in a state."""
        return cls(**noted) if noted else None

    def noted(self) -> dict[str, Any]:
        """Return what is to stand in a state."""
        return asdict(self)


class Store:
    """Rows of JSON by lineage and key."""

    def __init__(self, named: str | None, folder: Callable[[], Path]) -> None:
        """Open nothing yet.

        Args:
            named: The setting `reading_store`: a file, or the address of a Postgres database.
            folder: Returns the working folder, for where the setting names nothing.
        """
        self._named = named
        self._folder = folder
        self._was_used = False

    def at(self, version: Version) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return what was kept with a generation, and its rows by their keys; None where the store is not at that one.

        Raises:
            ConfigurationError: If the store that the setting names cannot be used from the start.
            StoreFailed: If another one cannot, or one that could before.
        """
        with self._opened() as run:
            found = run(
                "SELECT about FROM osdi_crm_lineages WHERE lineage = ? AND generation = ?",
                (version.lineage, version.generation),
            ).fetchone()
            return (json.loads(found[0]), self._rows(run, version.lineage)) if found else None

    def drafted(self, draft: str) -> dict[str, Any]:
        """Return the rows of a draft by their keys; raises as `at` does."""
        with self._opened() as run:
            return self._rows(run, draft)

    @staticmethod
    def _rows(run: Run, lineage: str) -> dict[str, Any]:
        found = run("SELECT key, value FROM osdi_crm_rows WHERE lineage = ?", (lineage,))
        return {key: json.loads(value) for key, value in found}

    def draft(self, rows: Mapping[str, Any]) -> str:
        """Begin a draft with these rows, and return its lineage; raises as `at` does."""
        lineage = uuid.uuid4().hex
        with self._opened() as run:
            for forget in _FORGET:
                run(forget, (time.time() - LONGEST_UNUSED,))
            run("INSERT INTO osdi_crm_lineages VALUES (?, 0, '{}', ?)", (lineage, time.time()))
            self._put(run, lineage, rows)
        return lineage

    def put(self, draft: str, rows: Mapping[str, Any]) -> None:
        """Write rows of a draft, in the place of those with their keys; raises as `at` does."""
        with self._opened() as run:
            self._put(run, draft, rows)

    @staticmethod
    def _put(run: Run, lineage: str, rows: Mapping[str, Any]) -> None:
        for key, value in rows.items():
            run(
                "INSERT INTO osdi_crm_rows VALUES (?, ?, ?)"
                " ON CONFLICT (lineage, key) DO UPDATE SET value = excluded.value",
                (lineage, key, json.dumps(value)),
            )

    def commit(self, draft: str, onto: Version | None, about: Mapping[str, Any]) -> Version | None:
        """End a draft at once and as a whole, and return the version that a state is to name from now on.

        Args:
            draft: The draft's lineage; without `onto` it is the first generation of a lineage of its own.
            onto: The generation that the draft's rows complete.
            about: What to keep beside the rows.

        Returns:
            The version; None where another run has gone on from the same generation meanwhile.

        Raises:
            StoreFailed: If the store cannot be used.
        """
        before = onto or Version(draft, 0)
        after = Version(before.lineage, before.generation + 1)
        with self._opened() as run:
            moved = run(
                "UPDATE osdi_crm_lineages SET generation = ?, about = ?, used = ? WHERE lineage = ? AND generation = ?",
                (after.generation, json.dumps(about), time.time(), before.lineage, before.generation),
            )
            if not moved.rowcount:
                return None
            if onto:
                run(_MAKE_ROOM, (onto.lineage, draft))
                run("UPDATE osdi_crm_rows SET lineage = ? WHERE lineage = ?", (onto.lineage, draft))
                run("DELETE FROM osdi_crm_lineages WHERE lineage = ?", (draft,))
        return after

    @contextmanager
    def _opened(self) -> Iterator[Run]:
        """Give what runs a statement, all of them in one transaction.

        Raises:
            ConfigurationError: If the store that the setting names cannot be used from the start.
            StoreFailed: If another one cannot, or one that could before.
        """
        try:
            if databases.is_address(self._named):
                with self._in_postgres() as run:
                    yield run
            else:
                with self._in_file() as run:
                    yield run
        except StoreFailed as error:
            if self._named and not self._was_used:
                raise ConfigurationError(
                    f"The setting 'reading_store' names what cannot be used as a store: {error}."
                ) from None
            raise
        self._was_used = True

    @contextmanager
    def _in_postgres(self) -> Iterator[Run]:
        try:
            connection, errors = databases.connected("reading_store", str(self._named))
        except ConfigurationError as error:
            if self._was_used:
                raise StoreFailed(str(error)) from None
            raise
        try:
            with closing(connection), connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                for table in _TABLES:
                    connection.execute(table)
                yield lambda sql, values: connection.execute(sql.replace("?", "%s"), values)
        except errors as error:
            raise StoreFailed(type(error).__name__) from None

    @contextmanager
    def _in_file(self) -> Iterator[Run]:
        try:
            file = Path(self._named) if self._named else work_dir.file(self._folder(), "reading.db")
            os.close(work_dir.private(str(file), os.O_RDWR | os.O_CREAT))
            with closing(sqlite3.connect(file, timeout=10, isolation_level=None)) as connection, connection:
                connection.execute("BEGIN IMMEDIATE")
                for table in _TABLES:
                    connection.execute(table)
                yield connection.execute
        except (OSError, sqlite3.Error, ConfigurationError) as error:
            raise StoreFailed(getattr(error, "strerror", None) or str(error)) from None
