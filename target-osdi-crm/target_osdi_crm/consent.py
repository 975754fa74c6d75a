"""The words of consent: what a record asks for and a vendor shows, by channel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

IN = "subscribed"
OUT = "unsubscribed"
BLOCKED = "blocked"
"""The vendor itself stopped it, after a bounce or a complaint; never reversed."""
NEITHER = "neither"
"""There is an address, and nobody has ever been asked about it."""
NOT_READ = "not read"
"""There is an address, whose status was not looked up."""


class Keeps(Enum):
    """What a vendor can keep about a channel."""

    ALL = "all"
    OPT_OUTS = "opt-outs"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to reach people, as a vendor keeps who may be reached on it.

    Attributes:
        keeps: What the vendor can keep about it; without opt-outs, it does not get addresses that opted out.
        asks: Whether nobody may be reached who has not agreed; otherwise everybody may who has not objected.
        of_person: Whether the status is kept of the person, with or without an address; otherwise of the address.
        includes: Channels whose opt-outs hold for this one, since the vendor keeps none for them.
        fields: Properties that hold its addresses, where these can be left out.
    """

    keeps: Keeps = Keeps.ALL
    asks: bool = True
    of_person: bool = False
    includes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def status(self, name: str, said: Mapping[str, str | None]) -> str | None:
        """What columns about consent say of it, by what each channel of a record is said to be."""
        return OUT if OUT in (said.get(each) for each in self.includes) else said.get(name)


@dataclass(frozen=True, slots=True)
class RequestedConsent:
    """What a record says about one channel: addresses, a status, or both.

    Attributes:
        addresses: Those that are to be written, normalised, the one that stands for the channel first.
        status: `IN`, `OUT`, or None where it says nothing.
    """

    addresses: tuple[str, ...] = ()
    status: str | None = None


def requested(
    channels: Mapping[str, Channel], said: Mapping[str, str | None], addresses: Mapping[str, Sequence[str]]
) -> dict[str, RequestedConsent]:
    """What a record asks for whose columns say this, and that has these addresses."""
    asked = {
        name: RequestedConsent(tuple(dict.fromkeys(addresses[name])), channel.status(name, said))
        for name, channel in channels.items()
    }
    return {name: each for name, each in asked.items() if each.addresses or each.status}


def both(one: str | None, other: str | None) -> str | None:
    """What two say together: an opt-out wins."""
    return OUT if OUT in {one, other} else one or other


MERGED = "merged"
"""Stands among the remembered channels of a record that shares its person with one written before it."""
INDEXED = "indexed"
"""Stands among those of a record whose person was found in the index alone."""


def remembered(
    statuses: Mapping[str, str | None], addresses: Mapping[str, Sequence[str]], *, marks: Sequence[str] = ()
) -> str | None:
    """Channels on which a vendor shows somebody an address, with a hash of the one that stands for each, as text."""
    shown = {name: next(iter(addresses.get(name, ())), "") for name, status in sorted(statuses.items()) if status}
    return ",".join([*(f"{name}:{digest(each)}" for name, each in shown.items()), *marks]) or None


def recalled(channels: str | None) -> dict[str, str | None]:
    """What `remembered` tells: hash by channel, None where an earlier release kept none."""
    parts = (each.partition(":") for each in (channels or "").split(",") if each)
    return {name: hashed if colon else None for name, colon, hashed in parts}


def digest(address: str) -> str:
    """What tells an address from another in the journal."""
    return hashlib.blake2b(address.encode("utf-8", "replace"), digest_size=6).hexdigest()
