"""What can go wrong between us and a vendor, one exception per kind of answer."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

from typing_extensions import override

from osdi_crm_client.redaction import masked

logger = logging.getLogger(__name__)


class ConfigurationError(Exception):
    """A setting is missing or wrong; the message names it and says what to do, each argument in a line of its own."""

    @override
    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class NotRead(ConfigurationError):
    """A stream was not read to its end, while others were.

    Attributes:
        stream: Its name.
        error: What ended it.
    """

    def __init__(self, words: str, stream: str, error: Exception) -> None:
        self.stream = stream
        self.error = error
        super().__init__(words)


class VendorError(Exception):
    """A vendor did not do what was asked.

    Attributes:
        method: The HTTP method of the call.
        path: The path of the call, without host and query.
        status: The HTTP status of the answer, or None without an answer.
        words: What the vendor said about it, without secrets; it may name people, who are masked in the message.
        check: Names of the settings to look at; the message ends with them.
        may_have_happened: Whether the vendor may have acted on the call all the same.
    """

    may_have_happened = False

    def __init__(
        self,
        why: str,
        *,
        method: str,
        path: str,
        status: int | None = None,
        words: str = "",
        check: tuple[str, ...] = (),
    ) -> None:
        self.why = why
        self.method = method
        self.path = path
        self.status = status
        self.words = words
        self.check = check
        super().__init__(why)

    @override
    def __str__(self) -> str:
        names = " and ".join(f"'{name}'" for name in self.check)
        told = f"{self.method} {self.path}: {self.why}" + (f" ({masked(self.words)})" if self.words else "")
        return told + (f". Check the setting{'s' * (len(self.check) > 1)} {names}." if names else "")


class Refused(VendorError):
    """The vendor refused the call on its merits (a 4xx answer): the same call would be refused again."""


class AlreadyExists(Refused):
    """What was to be created exists already, and the vendor tells its id (for instance 409).

    Attributes:
        vendor_id: The id of the record that exists.
    """

    vendor_id = ""


class NotFound(Refused):
    """There is nothing at this address (404)."""


class Denied(VendorError):
    """The credentials were not accepted for a call (401, 403), and nothing tells yet whether they are for any."""


class NotAllowed(VendorError):
    """The credentials are good, and may not do this (401, 403)."""

    @staticmethod
    def instead_of(denied: Denied) -> NotAllowed:
        """Return the error of a call that alone was refused."""
        return NotAllowed(
            f"the credentials are good, but may not do this (HTTP {denied.status})",
            method=denied.method,
            path=denied.path,
            status=denied.status,
            words=denied.words,
        )


class NotSignedIn(VendorError):
    """The credentials are wrong or revoked, or signing in was refused: the run cannot go on."""

    @classmethod
    def instead_of(cls, denied: Denied) -> NotSignedIn:
        """Return the error of an account all of whose calls are refused."""
        return cls(
            denied.why,
            method=denied.method,
            path=denied.path,
            status=denied.status,
            words=denied.words,
            check=denied.check,
        )


class Unavailable(VendorError):
    """The vendor could not be reached, was busy or was down (no connection, 408, 429, 503): nothing was done."""


class Unreachable(Unavailable):
    """There was no connection to the vendor: the run cannot go on."""


class Fault(VendorError):
    """The vendor failed inside (a 5xx answer): whether it acted on the call is not known."""

    may_have_happened = True


class NoAnswer(VendorError):
    """The call left, and no answer came back: whether the vendor acted on it is not known."""

    may_have_happened = True


class Garbled(VendorError):
    """The answer cannot be read as what the vendor documents."""

    may_have_happened = True


OF_ANOTHER_FORM = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading an answer raises where it is not as documented."""


def garbled(error: Exception, *, method: str, path: str) -> Garbled:
    """Return the error of an answer that could not be read as documented; the reason is logged at DEBUG."""
    logger.debug("%s %s: an answer of another form.", method, path, exc_info=error)
    return Garbled(
        f"an answer is not of the form that the vendor documents ({type(error).__name__}; where it failed stands in the"
        " log at level DEBUG)",
        method=method,
        path=path,
    )


def class_and_place(error: BaseException) -> str:
    """Return what an unexpected exception is and where it was raised, without its words, which may be anybody's."""
    *_, latest = traceback.extract_tb(error.__traceback__) or [None]
    return type(error).__name__ + (f" in {Path(latest.filename).stem}, line {latest.lineno}" if latest else "")


class ForeignOrigin(VendorError):
    """The vendor pointed to another host: not followed, so that no credentials leave its origin."""


ACCOUNT = (NotSignedIn, Unreachable, ConfigurationError)
"""What every call of the account would meet."""
