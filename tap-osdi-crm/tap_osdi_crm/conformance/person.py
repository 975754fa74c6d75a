"""One person for a vendor, made to see how it is written, and taken away again: how that is done, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests
    from osdi_crm_client.account import Account

FIRST = "Conformance"
LAST = "Kit"
RENAMED = "Checked"
"""The names that the person has, which nobody else is likely to have."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """How a vendor's people are written; each function takes the account first.

    Attributes:
        create: Makes the person who has an e-mail address.
        created: What that does, in a sentence.
        id_of: Picks the person's id out of the answer to that.
        find: Returns the ids of those who have the address.
        read: Returns the person of an id, under the vendor's names.
        rename: Changes the first name of the person of an id.
        first: Picks the first name out of the person read.
        again: Makes the person of the address once more; None where that is documented to make another.
        is_refused: Whether that is assumed to be refused, and not to change the one there is.
        remove: Takes the person of an id away, with all that was made for it.
        remains: What cannot be taken away; nothing where all can.
    """

    create: Callable[[Account, str], requests.Response]
    created: str
    id_of: Callable[[Any], str | None]
    find: Callable[[Account, str], list[str]]
    read: Callable[[Account, str], Mapping[str, Any]]
    rename: Callable[[Account, str, str], Any]
    first: Callable[[Mapping[str, Any]], Any]
    again: Callable[[Account, str], requests.Response] | None
    is_refused: bool = False
    remove: Callable[[Account, str], Any]
    remains: str = ""
