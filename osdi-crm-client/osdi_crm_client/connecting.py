"""Connections whose answers come within a time, and telling a call that never left from one that may have arrived."""

from __future__ import annotations

import io
import ssl
import time
from functools import partial
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, cast

from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError, SSLError

if TYPE_CHECKING:
    from socket import SocketIO

    from urllib3.connectionpool import ConnectionPool


class TookTooLong(Exception):
    """An answer was not there in full in time, however steadily it came."""


class BoundedAdapter(HTTPAdapter):
    """Sends calls whose answers, headers and all, come within a time or raise `TookTooLong`."""

    def __init__(self, seconds: float, **kwargs: Any) -> None:
        """Give each answer so many seconds from when the call was sent."""
        self._response = partial(_BoundedResponse, seconds)
        super().__init__(**kwargs)

    @override
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        if "ConnectionCls" not in vars(pool):
            pool.ConnectionCls = type("Bounded", (pool.ConnectionCls,), {"response_class": self._response})
        return cast("ConnectionPool", pool)


class _BoundedResponse(HTTPResponse):
    def __init__(self, seconds: float, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp: io.BufferedReader = io.BufferedReader(_BoundedRaw(self.fp.detach(), sock, seconds))  # type: ignore[arg-type]


class _BoundedRaw(io.RawIOBase):
    """What comes through a socket, until it is too late; a silence ends as the socket's own timeout says."""

    def __init__(self, raw: SocketIO, sock: Any, seconds: float) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._silence: float = sock.gettimeout() or seconds
        self._end = time.monotonic() + seconds

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any, /) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TookTooLong
        self._sock.settimeout(min(left, self._silence))
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            if time.monotonic() >= self._end:
                raise TookTooLong from None
            raise

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()


def never_left(error: Exception) -> bool:
    """Whether a call failed before it left: there was no connection, or not one to be trusted."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    untrusted = isinstance(cause, SSLError) and isinstance(cause.args[0], ssl.SSLCertVerificationError)
    return untrusted or isinstance(cause, NewConnectionError | ConnectTimeoutError | ProxyError)
