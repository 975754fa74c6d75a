"""Which subscription status goes to the vendor: nobody is subscribed whom no status subscribes, and opt-outs stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_osdi_crm.rejects import Rejection

if TYPE_CHECKING:
    from collections.abc import Mapping

IN = "subscribed"
OUT = "unsubscribed"
BLOCKED = "blocked"
"""The vendor itself stopped it, after a bounce or a complaint; never reversed."""
NEITHER = "neither"
"""There is an address, and nobody has ever been asked about it."""
NOT_READ = "not read"
"""There is an address, whose status was not looked up."""

DEFAULTED = "defaulted"
WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class RequestedConsent:
    """What a record says about one channel: an address, a status, or both."""

    address: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one channel.

    Attributes:
        status: The status to send, if any.
        counted: Under what the summary counts it, if at all.
        open: Whether only the reply tells if a subscription was withheld.
    """

    status: str | None = None
    counted: str | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that decide about consent."""

    new_person: str
    allow_resubscribe: bool

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Policy:
        """Read the settings."""
        return cls(str(config.get("new_person_consent") or OUT), bool(config.get("allow_resubscribe")))

    def for_new(self, wish: RequestedConsent, *, opted_out: bool) -> Decision:
        """Decide for an address that is new at the vendor.

        Args:
            wish: What the record says.
            opted_out: Whether another record said that the address is not to be used.

        Raises:
            Rejection: If the record carries no status and the settings want none to be assumed.
        """
        barred = opted_out and not self.allow_resubscribe
        if wish.address is None:
            return Decision()
        if wish.status == OUT:
            return Decision(OUT, OUT)
        if wish.status == IN:
            return Decision(OUT, WITHHELD) if barred else Decision(IN, IN)
        if self.new_person == "reject":
            raise Rejection(
                "no consent status",
                "The record brings a new address and no status for it, and 'new_person_consent' is 'reject'.",
            )
        return Decision(OUT if barred else self.new_person, DEFAULTED)

    def for_known(self, wish: RequestedConsent, state: str | None, *, opted_out: bool) -> Decision:
        """Decide for a person the vendor has.

        Args:
            wish: What the record says.
            state: The channel's status there: `IN`, `OUT`, `BLOCKED`, `NEITHER`, `NOT_READ`, or None where it has no
                address.
            opted_out: Whether another record said that the address is not to be used.
        """
        if state is None or (state == NEITHER and wish.status == IN):
            return self.for_new(wish, opted_out=opted_out)
        if wish.status == OUT:
            return Decision() if state == OUT else Decision(OUT, OUT)
        if wish.status == IN and state == NOT_READ:
            return Decision(open=True)
        if wish.status == IN and state in {OUT, BLOCKED}:
            return Decision(IN, IN) if self.allow_resubscribe and state == OUT else Decision(None, WITHHELD)
        return Decision()
