"""What can go wrong between us and a vendor, one exception per kind of answer."""

from __future__ import annotations

from typing_extensions import override


class ConfigurationError(Exception):
    """A setting is missing or wrong; the message names it and says what to do."""


class VendorError(Exception):
    """A vendor did not do what was asked.

    Attributes:
        method: The HTTP method of the call.
        path: The path of the call, without host and query.
        status: The HTTP status of the answer, or None without an answer.
        words: What the vendor said about it, redacted; may be empty.
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
        super().__init__(f"{method} {path}: {why}" + (f" ({words})" if words else ""))

    @override
    def __str__(self) -> str:
        names = " and ".join(f"'{name}'" for name in self.check)
        return super().__str__() + (f". Check the setting{'s' * (len(self.check) > 1)} {names}." if names else "")


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


class NotSignedIn(VendorError):
    """The credentials are wrong, revoked, or lack a permission (401, 403): the run cannot go on."""


class Unavailable(VendorError):
    """The vendor could not be reached, was busy or was down (no connection, 429, 503): nothing was done."""


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


class ForeignOrigin(VendorError):
    """The vendor pointed to another host: not followed, so that no credentials leave its origin."""
