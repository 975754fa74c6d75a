"""Tokens in a database, for machines that forget their files."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa
from typing_extensions import override

from osdi_crm_client import redaction, work_dir
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.token_store import LONGEST_WAIT, Held, Store, Tokens, alone

if TYPE_CHECKING:
    from collections.abc import Iterator


class DatabaseStore(Store):
    """Tokens in a table of a database."""

    TABLE = sa.Table(
        "osdi_crm_tokens",
        sa.MetaData(),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("tokens", sa.Text, nullable=False),
    )

    def __init__(self, where: str) -> None:
        """Keep them in the database at this address.

        Raises:
            ConfigurationError: If it is none, or not one that can be used.
        """
        try:
            url = sa.make_url(where)
        except sa.exc.ArgumentError:
            raise ConfigurationError("The setting 'token_store' is neither a path nor a database address.") from None
        redaction.hide(where, url.password)
        is_postgres = url.get_backend_name() == "postgresql"
        self._file = None if is_postgres else Path(url.database or "")
        if not is_postgres and url.get_backend_name() != "sqlite":
            raise ConfigurationError(
                f"The setting 'token_store' names a {url.get_backend_name()} database; use SQLite or Postgres."
            )
        try:
            if not self._file:
                self._engine = sa.create_engine(url.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
                return
            os.close(work_dir.private(str(self._file), os.O_RDWR | os.O_CREAT))
        except ModuleNotFoundError:
            raise ConfigurationError(
                "The setting 'token_store' names a Postgres database, and its driver is missing: pip install"
                " 'osdi-crm-client[postgres]'."
            ) from None
        except OSError as error:
            raise ConfigurationError(f"The setting 'token_store' cannot be used: {error.strerror}.") from None
        self._engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": LONGEST_WAIT})

    @override
    @contextmanager
    def locked(self) -> Iterator[Held]:
        try:
            with alone(self._file) if self._file else nullcontext(), self._engine.connect() as connection:
                if self._file:
                    connection.exec_driver_sql("PRAGMA synchronous = FULL")
                else:
                    connection.exec_driver_sql(f"SET lock_timeout = '{LONGEST_WAIT}s'")
                    connection.exec_driver_sql("SELECT pg_advisory_lock(hashtext('osdi_crm_tokens'))")
                self.TABLE.create(connection, checkfirst=True)
                connection.commit()
                yield _HeldTable(connection, self.TABLE)
        except sa.exc.SQLAlchemyError as error:
            why = " ".join(str(getattr(error, "orig", None) or type(error).__name__).split())
            raise ConfigurationError(f"Tokens cannot be kept where 'token_store' says: {why}.") from None


class _HeldTable(Held):
    """Tokens in a table; the lock is the connection's, and ends with it."""

    def __init__(self, connection: sa.Connection, table: sa.Table) -> None:
        self._connection = connection
        self._table = table

    @override
    def read(self, key: str) -> Tokens | None:
        found = self._connection.execute(
            sa.select(self._table.c.tokens).where(self._table.c.key == key)
        ).scalar_one_or_none()
        try:
            return msgspec.json.decode(found, type=Tokens) if found else None
        except msgspec.DecodeError:
            raise ConfigurationError(
                "Tokens cannot be kept where 'token_store' says: what is kept there is damaged; remove it, and sign"
                " in again."
            ) from None

    @override
    def write(self, key: str, tokens: Tokens) -> None:
        self._connection.execute(sa.delete(self._table).where(self._table.c.key == key))
        self._connection.execute(sa.insert(self._table).values(key=key, tokens=json.dumps(asdict(tokens))))
        self._connection.commit()
