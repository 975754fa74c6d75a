"""What holds for people of every vendor: whose they are, and by which channels they may be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_schemas.crosswalk.table import is_blank

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_schemas.crosswalk.table import Record

SUBSCRIBED, UNSUBSCRIBED, BOUNCING, COMPLAINED, UNKNOWN = (
    *("subscribed", "unsubscribed", "bouncing", "spam complaint", "unknown"),
)
WORDS = (SUBSCRIBED, UNSUBSCRIBED, BOUNCING, COMPLAINED, UNKNOWN)
"""The words of consent; the outs among them are all but the first and the last."""

OUTS = (UNSUBSCRIBED, COMPLAINED, BOUNCING)
"""Those that say that somebody is not to be reached, the one that weighs most first."""

FLAGS = {"do_not_call": "do_not_call", "federal_do_not_call": "federal_donotcall", "do_not_contact": "do_not_contact"}
"""Objections, and the columns by which the target understands them."""

MOBILE = "Mobile"


def complete(person: Record) -> None:
    """Say of a person, by every channel, what their addresses say, and which address is the main one."""
    emails, mobiles = person.get("email_addresses", []), _mobiles(person)
    for entries in (emails, mobiles or person.get("phone_numbers", []), person.get("postal_addresses", [])):
        if entries and not any(each.get("primary") for each in entries):
            entries[0]["primary"] = True
    consent = person.setdefault("consent", {})
    consent.setdefault("email", _main(emails).get("status") or UNKNOWN)
    consent.setdefault("sms", _main(mobiles).get("status") or UNKNOWN)
    barred = person.get("do_not_call") or person.get("federal_do_not_call")
    consent.setdefault("calls", UNSUBSCRIBED if barred else UNKNOWN)
    consent.setdefault("postal", UNKNOWN)
    for channel, entries in (("email", emails), ("sms", mobiles)):
        for each in entries:
            each.setdefault("status", consent[channel])
    for each in person.get("phone_numbers", []):
        if barred:
            each.setdefault("do_not_call", True)


def says_nothing(value: Any) -> bool:
    """Whether a value is none, or an object that holds none."""
    return is_blank(value) or (isinstance(value, dict) and all(map(is_blank, value.values())))


def columns(person: Mapping[str, Any]) -> Record:
    """What a person says about consent, in columns that the target understands whatever the vendor."""
    consent = person.get("consent") or {}
    said = {
        "email_status": _worst(consent.get("email"), _main(_entries(person, "email_addresses")).get("status")),
        "sms_status": _worst(consent.get("sms"), _main(_mobiles(person)).get("status")),
        **{column: person.get(name) for name, column in FLAGS.items()},
    }
    calls = [each.get("do_not_call") for each in _entries(person, "phone_numbers")]
    if _is_out(consent.get("calls")) or any(each is True for each in calls):
        said["do_not_call"] = True
    return {name: value for name, value in said.items() if not is_blank(value) and value != UNKNOWN}


def without_barred(person: Mapping[str, Any], left: list[str], *, holds_contact: bool) -> Record:
    """A person without postal addresses that are not to be used, where the vendor has no place to say so."""
    consent = person.get("consent") or {}
    barred = _is_out(consent.get("postal")) or (person.get("do_not_contact") is True and not holds_contact)
    if not barred or is_blank(person.get("postal_addresses")):
        return dict(person)
    left.append("postal_addresses that opted out")
    return {name: value for name, value in person.items() if name != "postal_addresses"}


def american(person: Mapping[str, Any], left: list[str]) -> Record:
    """A person for a vendor that has addresses in the United States alone."""
    given = _entries(person, "postal_addresses")
    kept = [each for each in given if str(each.get("country") or "US").upper() in {"US", "USA"}]
    left += ["postal_addresses outside the United States"] * (len(kept) < len(given))
    bare = [{name: value for name, value in each.items() if name != "country"} for each in kept]
    return {**person, "postal_addresses": bare}


def _is_out(word: Any) -> bool:
    return isinstance(word, str) and word.strip().lower() in OUTS


def _worst(*words: Any) -> Any:
    """What several say together: an opt-out counts above all, a word that nobody knows is left to the target."""
    given = [each for each in words if not is_blank(each)]
    return next((each for each in given if _is_out(each)), next((each for each in given if each != UNKNOWN), None))


def _entries(person: Mapping[str, Any], name: str) -> list[Any]:
    return [each for each in person.get(name) or [] if isinstance(each, dict)]


def _mobiles(person: Mapping[str, Any]) -> list[Any]:
    """The phone numbers that may be sent messages: those that are not said to be of another kind."""
    return [each for each in _entries(person, "phone_numbers") if each.get("number_type") in {None, "", MOBILE}]


def _main(entries: list[Any]) -> Mapping[str, Any]:
    return next((each for each in entries if each.get("primary")), entries[0] if entries else {})
