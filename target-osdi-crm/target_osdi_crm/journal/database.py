"""The database that the journal is kept in: a SQLite file, or Postgres by its address."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from osdi_crm_client import redaction, work_dir
from osdi_crm_client.errors import ConfigurationError

from target_osdi_crm.journal.schema import RECORDS

MOST_CONNECTIONS = 20


def address(named: str | None, folder: Path) -> sa.URL:
    """The database that the setting `journal` names: a file in the working folder, unless told otherwise.

    Raises:
        ConfigurationError: If it is not a database we can keep a journal in.
    """
    if not named or "://" not in named:
        file = Path(named).resolve() if named else work_dir.file(folder, "journal.db")
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


def opened(url: sa.URL, *, read_only: bool) -> sa.Engine | None:
    """Open the database; None where there is no journal and it is only to be read.

    Raises:
        ConfigurationError: If it cannot be opened.
    """
    try:
        engine = _postgres(url) if url.get_backend_name() == "postgresql" else _sqlite(url, read_only=read_only)
        if engine and read_only and not sa.inspect(engine).has_table(RECORDS.name):
            engine.dispose()
            return None
    except ModuleNotFoundError:
        raise ConfigurationError(
            "The journal is to be kept in Postgres, and its driver is missing: pip install 'target-osdi-crm[postgres]'."
        ) from None
    except OSError as error:
        raise ConfigurationError(f"The journal {url.database} cannot be opened: {error.strerror}.") from None
    except sa.exc.SQLAlchemyError as error:
        raise unusable(error) from None
    return engine


def _postgres(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, pool_size=MOST_CONNECTIONS)
    with engine.connect():
        return engine


def _sqlite(url: sa.URL, *, read_only: bool) -> sa.Engine | None:
    file = Path(url.database or "journal.db")
    if read_only and not file.exists():
        return None
    if not read_only:
        os.close(work_dir.private(str(file), os.O_RDWR | os.O_CREAT))
    engine = sa.create_engine(url, pool_size=MOST_CONNECTIONS)
    sa.event.listen(engine, "connect", _read_only if read_only else _durable)
    with engine.connect():
        return engine


def _durable(connection: Any, _: object) -> None:
    for setting in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {setting}")


def _read_only(connection: Any, _: object) -> None:
    for setting in ("query_only=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {setting}")


def unusable(error: sa.exc.SQLAlchemyError) -> ConfigurationError:
    """What to tell people of an error of the database, without what was asked of it."""
    cause = getattr(error, "orig", None)
    return ConfigurationError(
        f"The journal cannot be used: {' '.join(str(cause or type(error).__name__).split())}. Nothing was sent that it"
        " does not know of; fix it (space, rights, address) and run again."
    )
