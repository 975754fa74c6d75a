"""Which subscription status goes to the vendor: nobody is subscribed whom no status subscribes, and opt-outs stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_osdi_crm.consent import BLOCKED, IN, NEITHER, NOT_READ, OUT
from target_osdi_crm.rejects import Rejection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_osdi_crm.consent import RequestedConsent

DEFAULTED = "defaulted"
WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Choice:
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
    """The settings that decide about consent.

    Attributes:
        new_person: The status of a new address that comes without one, or `reject`.
        allow_resubscribe: Whether somebody who opted out may be subscribed.
    """

    new_person: str
    allow_resubscribe: bool

    def for_new(self, asked: RequestedConsent, *, opted_out: bool) -> Choice:
        """Decide for an address that is new at the vendor.

        Args:
            asked: What the record says.
            opted_out: Whether another record said that the address is not to be used.

        Raises:
            Rejection: If the record carries no status and the settings want none to be assumed.
        """
        barred = opted_out and not self.allow_resubscribe
        if asked.address is None:
            return Choice()
        if asked.status == OUT:
            return Choice(OUT, OUT)
        if asked.status == IN:
            return Choice(OUT, WITHHELD) if barred else Choice(IN, IN)
        if self.new_person == "reject":
            raise Rejection(
                "no_consent_status",
                "The record brings a new address and no status for it, and 'new_person_consent' is 'reject'.",
            )
        return Choice(OUT if barred else self.new_person, DEFAULTED)

    def for_known(self, asked: RequestedConsent, state: str | None, *, opted_out: bool) -> Choice:
        """Decide for a person the vendor has.

        Args:
            asked: What the record says.
            state: The channel's status there: `IN`, `OUT`, `BLOCKED`, `NEITHER`, `NOT_READ`, or None where it has no
                address.
            opted_out: Whether another record said that the address is not to be used.
        """
        if state is None or (state == NEITHER and asked.status == IN):
            return self.for_new(asked, opted_out=opted_out)
        if asked.status == OUT:
            return Choice() if state == OUT else Choice(OUT, OUT)
        if asked.status == IN and state == NOT_READ:
            return Choice(open=True)
        if asked.status == IN and state in {OUT, BLOCKED}:
            return Choice(IN, IN) if self.allow_resubscribe and state == OUT else Choice(None, WITHHELD)
        return Choice()


def counted(choices: Mapping[str, Choice], statuses: Mapping[str, str | None]) -> list[str]:
    """What is to be counted, once the vendor shows these statuses."""
    told = {channel: choice.counted for channel, choice in choices.items() if choice.counted}
    held = {each for each, choice in choices.items() if choice.open and statuses.get(each) in {OUT, BLOCKED}}
    return [f"{channel} {what}" for channel, what in {**told, **dict.fromkeys(held, WITHHELD)}.items()]
