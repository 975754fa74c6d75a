"""The words of consent: what a record asks for and a vendor shows, by channel."""

from __future__ import annotations

from dataclasses import dataclass

IN = "subscribed"
OUT = "unsubscribed"
BLOCKED = "blocked"
"""The vendor itself stopped it, after a bounce or a complaint; never reversed."""
NEITHER = "neither"
"""There is an address, and nobody has ever been asked about it."""
NOT_READ = "not read"
"""There is an address, whose status was not looked up."""


@dataclass(frozen=True, slots=True)
class RequestedConsent:
    """What a record says about one channel: an address, a status, or both."""

    address: str | None = None
    status: str | None = None
