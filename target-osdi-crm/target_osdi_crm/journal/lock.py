"""The locks that keep two runs from writing to one account through one journal, or a command from changing it."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import filelock
import sqlalchemy as sa

from target_osdi_crm.stop import CONFIGURATION, Stop

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def held(engine: sa.Engine, *accounts: str) -> Iterator[sa.Connection]:
    """Hold the locks of accounts: a file each beside SQLite's, advisory locks in Postgres.

    Yields the connection to write by: whoever loses it has lost the locks in Postgres, and can write nothing more.

    Raises:
        Stop: If another run holds one.
    """
    with ExitStack() as locks, engine.connect() as connection:
        for account in accounts:
            digest = hashlib.blake2b(account.encode(), digest_size=8).digest()
            if engine.dialect.name == "postgresql":
                number = int.from_bytes(digest, signed=True)
                if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar():
                    raise _taken(account)
                continue
            lock = filelock.FileLock(f"{engine.url.database}.{digest.hex()}.lock", mode=0o600)
            try:
                locks.enter_context(lock.acquire(timeout=0))
            except filelock.Timeout:
                raise _taken(account) from None
        connection.commit()
        yield connection


def _taken(account: str) -> Stop:
    return Stop(
        CONFIGURATION,
        f"Another run is writing to the account '{account}' with this journal. Wait until it has ended.",
    )
