"""Telling a call that never left from one that may have arrived."""

from __future__ import annotations

import ssl

from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError, SSLError


def never_left(error: Exception) -> bool:
    """Whether a call failed before it left: there was no connection, or not one to be trusted."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    untrusted = isinstance(cause, SSLError) and isinstance(cause.args[0], ssl.SSLCertVerificationError)
    return untrusted or isinstance(cause, NewConnectionError | ConnectTimeoutError | ProxyError)
