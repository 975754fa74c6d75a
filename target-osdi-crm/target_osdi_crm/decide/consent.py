"""Which subscription status goes to the vendor: nobody is subscribed whom no status subscribes, and opt-outs stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_osdi_crm.consent import BLOCKED, IN, NEITHER, NOT_READ, OUT, Keeps
from target_osdi_crm.rejects import Rejection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_osdi_crm.consent import Channel, RequestedConsent

DEFAULTED = "defaulted"
WITHHELD = "withheld"
TAKEN = "taken from another person"
UNKEPT = "opt-out cannot be kept"


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of one channel.

    Attributes:
        status: The status to send, if any.
        counted: Under what the summary counts it, if at all.
        open: Whether only the reply tells if a subscription was withheld.
        withheld: Whether the vendor does not get the addresses, since it could not keep the opt-out.
    """

    status: str | None = None
    counted: str | None = None
    open: bool = False
    withheld: bool = False

    def taken(self, state: str | None) -> Choice:
        """The same of an address that was another person's, whose consent does not come along, unlike one's own."""
        return Choice(IN if IN in {self.status, state} and self.status != OUT else OUT, TAKEN)

    def not_in(self) -> Choice:
        """The same without a subscription."""
        return Choice(OUT, WITHHELD) if self.status == IN else self


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that decide about consent.

    Attributes:
        new_person: The status of a new address that comes without one, or `reject`.
        allow_resubscribe: Whether somebody who opted out may be subscribed.
        send_unkept: Whether vendors get addresses whose opt-outs they cannot keep.
    """

    new_person: str
    allow_resubscribe: bool
    send_unkept: bool = False

    def for_new(self, channel: Channel, asked: RequestedConsent, *, opted_out: bool) -> Choice:
        """Decide for an address that is new at the vendor.

        Args:
            channel: The channel.
            asked: What the record says.
            opted_out: Whether another record said that the address is not to be used.

        Raises:
            Rejection: If the record carries no status and the settings want none to be assumed.
        """
        barred = opted_out and not self.allow_resubscribe
        if not asked.addresses and not (channel.of_person and asked.status):
            return Choice()
        assumes = asked.status is None and channel.asks and channel.keeps is Keeps.ALL
        if assumes and self.new_person == "reject":
            raise Rejection(
                "no_consent_status",
                "The record brings a new address and no status for it, and 'new_person_consent' is 'reject'.",
            )
        if barred or asked.status == OUT:
            if channel.keeps is Keeps.NOTHING:
                return Choice(counted=UNKEPT, withheld=not self.send_unkept)
            return Choice(OUT, DEFAULTED if assumes else WITHHELD if asked.status == IN else OUT)
        if assumes:
            return Choice(self.new_person, DEFAULTED)
        return Choice(IN, IN) if asked.status == IN and channel.keeps is Keeps.ALL else Choice()

    def for_known(self, channel: Channel, asked: RequestedConsent, state: str | None, *, opted_out: bool) -> Choice:
        """Decide for a person the vendor has.

        Args:
            channel: The channel.
            asked: What the record says.
            state: The channel's status there: `IN`, `OUT`, `BLOCKED`, `NEITHER`, `NOT_READ`, or None where it has no
                address.
            opted_out: Whether another record said that the address is not to be used.
        """
        if state is None or (state == NEITHER and asked.status == IN):
            return self.for_new(channel, asked, opted_out=opted_out)
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
