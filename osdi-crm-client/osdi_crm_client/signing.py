"""How a call shows who makes it: one signer per way of signing in, asked anew for every call."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, ClassVar

from osdi_crm_client import redaction
from osdi_crm_client.errors import ConfigurationError

if TYPE_CHECKING:
    import requests


def is_sendable(value: Any) -> bool:
    """Whether it is text that can stand in a header."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and not value.isspace() and value != ""


class Signer:
    """Signs calls with a header that never changes.

    Attributes:
        renewals: How often a refused call is signed anew at most.
    """

    renewals: ClassVar[int] = 1

    def __init__(self, header: str, value: str) -> None:
        """Sign with this header; its value is kept out of all logs.

        Raises:
            ConfigurationError: If the value cannot stand in a header.
        """
        redaction.hide(value)
        if not is_sendable(value):
            raise ConfigurationError(
                "The credentials hold a character that cannot be sent, such as a line break; copy them anew into the"
                " settings."
            )
        self._header = header
        self._value = value

    @classmethod
    def basic(cls, user: str, password: str) -> Signer:
        """Sign with HTTP Basic (RFC 7617)."""
        return cls("Authorization", f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}")

    @classmethod
    def bearer(cls, token: str) -> Signer:
        """Sign with a bearer token (RFC 6750)."""
        redaction.hide(token)
        return cls("Authorization", f"Bearer {token}")

    def sign(self, request: requests.PreparedRequest) -> None:
        """Put the credentials into the request."""
        request.headers[self._header] = self._value

    def renew(self, refused: requests.Response) -> bool:  # noqa: ARG002
        """Get new credentials after this answer refused the old ones; False where that is no help."""
        return False
