"""Rally Congress: consent and deliverability of the one e-mail address, and addresses in the United States alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_schemas.crosswalk.people import BOUNCING, COMPLAINED, SUBSCRIBED, UNKNOWN, UNSUBSCRIBED, american

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_schemas.crosswalk.table import Record

_OPT_INS = {
    "yes": SUBSCRIBED,
    "no": UNSUBSCRIBED,
    "unsubscribed": UNSUBSCRIBED,
    "spam": COMPLAINED,
    "pending": UNKNOWN,
    "not_collected": UNKNOWN,
}
"""What `emailOptin` says; the target says the same by what it makes of the columns of consent."""

_UNDELIVERED = frozenset({"hard_bounce", "soft_bounce", "dns_fail"})
"""What `emailStatus` says of an address that nothing is sent to any more."""

_ZIP = 5


def read(supporter: Mapping[str, Any], person: Record) -> None:
    """Say who may be reached by e-mail; of phones nothing is known."""
    consent = _OPT_INS.get(str(supporter.get("emailOptin") or "").lower(), UNKNOWN)
    person["consent"] = {"email": consent}
    if str(supporter.get("emailStatus") or "").lower() in _UNDELIVERED:
        for each in person.get("email_addresses", []):
            each["status"] = BOUNCING
    for each in person.get("postal_addresses", []):
        each["country"] = "US"


def fitting(person: Mapping[str, Any], left: list[str]) -> Record:
    """Leave out addresses elsewhere."""
    return american(person, left)


def write(_: Mapping[str, Any], supporter: Record) -> None:
    """Part the ZIP code from what extends it."""
    for each in supporter.get("addresses", []):
        code, dash, more = str(each.get("zipcode") or "").partition("-")
        if dash and len(code) == _ZIP:
            each["zipcode"], each["zipplus"] = code, more
