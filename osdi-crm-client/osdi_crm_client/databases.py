"""A connection to the Postgres database that a setting names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client import redaction
from osdi_crm_client.errors import ConfigurationError

if TYPE_CHECKING:
    import psycopg

_CONNECTION: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": "-c statement_timeout=10s -c synchronous_commit=off",
}
"""So that no call waits for a database that is gone."""


def is_address(named: str | None) -> bool:
    """Whether a setting names a database rather than a file."""
    return bool(named and "://" in named)


def connected(setting: str, address: str) -> tuple[psycopg.Connection[Any], tuple[type[Exception], ...]]:
    """Return a connection that commits each statement, and what it raises when it fails.

    Raises:
        ConfigurationError: If there is no driver, or the database cannot be reached.
    """
    try:
        import psycopg  # noqa: PLC0415  not everybody has it
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"The setting '{setting}' names a Postgres database, and its driver is missing: pip install"
            " 'osdi-crm-client[postgres]'."
        ) from None
    redaction.hide(address)
    try:
        connection = psycopg.connect(address, autocommit=True, **_CONNECTION)
    except psycopg.Error as error:
        raise ConfigurationError(
            f"The setting '{setting}' names a database that cannot be used: {type(error).__name__}."
        ) from None
    return connection, (psycopg.Error,)
