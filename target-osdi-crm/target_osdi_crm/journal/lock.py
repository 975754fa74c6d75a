"""The lock that keeps two runs from writing to one account through one journal."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

import filelock
import sqlalchemy as sa

from target_osdi_crm.stop import CONFIGURATION, Stop

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def held(engine: sa.Engine, account: str) -> Iterator[sa.Connection]:
    """Hold the lock of an account: a file beside SQLite's, an advisory lock in Postgres.

    Yields the connection to write by: whoever loses it has lost the lock in Postgres, and can write nothing more.

    Raises:
        Stop: If another run holds it.
    """
    digest = hashlib.blake2b(account.encode(), digest_size=8).digest()
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            number = int.from_bytes(digest, signed=True)
            if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar():
                raise _taken(account)
            connection.commit()
            yield connection
        return
    lock = filelock.FileLock(f"{engine.url.database}.{digest.hex()}.lock", mode=0o600)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise _taken(account) from None
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        lock.release()


def _taken(account: str) -> Stop:
    return Stop(
        CONFIGURATION,
        f"Another run is writing to the account '{account}' with this journal. Wait until it has ended.",
    )
