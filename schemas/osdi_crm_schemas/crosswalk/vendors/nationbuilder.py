"""NationBuilder: one consent for all e-mail addresses of a signup, four slots for these, and bad ones among them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from osdi_crm_schemas.crosswalk.people import BOUNCING, MOBILE, SUBSCRIBED, UNSUBSCRIBED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_schemas.crosswalk.table import Record

_SLOTS = ("email1", "email2", "email3", "email4")

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")
"""A code; the attribute takes any text."""

_OPT_INS = {"email": "email_opt_in", "sms": "mobile_opt_in"}
"""Channel → the attribute that says whether somebody agrees to it; of what they object to, the table tells."""


def read(signup: Mapping[str, Any], person: Record) -> None:
    """Say who may be reached, which address is the main one, and which are bad."""
    _read_emails(signup, person)
    for each in person.get("phone_numbers", []):
        if each["number_type"] == MOBILE and signup.get("is_mobile_bad"):
            each["status"] = BOUNCING
    agrees = {channel: signup.get(name) for channel, name in _OPT_INS.items()}
    if signup.get("unsubscribed_at"):
        agrees["email"] = False
    person["consent"] = {
        channel: SUBSCRIBED if yes else UNSUBSCRIBED for channel, yes in agrees.items() if yes is not None
    }
    if codes := [each.lower() for each in person.pop("languages_spoken", []) if _LANGUAGE.fullmatch(each)]:
        person["languages_spoken"] = codes


def _read_emails(signup: Mapping[str, Any], person: Record) -> None:
    emails = person.get("email_addresses", [])
    for slot, each in zip([slot for slot in _SLOTS if signup.get(slot)], emails, strict=True):
        if signup.get(f"{slot}_is_bad") or signup.get(f"{slot}_is_bouncing"):
            each["status"] = BOUNCING
        if slot == f"email{signup.get('primary_email_id') or 1}":
            each["primary"] = True
    if signup.get("email") and not any(_is_same(each["address"], signup["email"]) for each in emails):
        main = {"address": signup["email"], "primary": not any(each.get("primary") for each in emails)}
        person["email_addresses"] = [main, *emails]


def write(person: Mapping[str, Any], signup: Record) -> None:
    """Tell which slot is the main one and which addresses are bad: that is no opt-out of somebody who agreed."""
    consent = person.get("consent") or {}
    for slot, each in zip(_SLOTS, _entries(person, "email_addresses", "address"), strict=False):
        if each.get("primary"):
            signup["primary_email_id"] = int(slot.removeprefix("email"))
        if each.get("status") == BOUNCING:
            signup[f"{slot}_is_bad"] = True
    mobile = signup.get("mobile_number")
    for each in _entries(person, "phone_numbers", "number"):
        if each["number"] == mobile and each.get("status") == BOUNCING:
            signup["is_mobile_bad"] = True
    for channel, column in (("email", "email_status"), ("sms", "sms_status")):
        if consent.get(channel) == SUBSCRIBED and signup.get(column) == BOUNCING:
            signup[column] = SUBSCRIBED
    if signup.get("language"):
        signup["language"] = str(signup["language"]).upper()


def _entries(person: Mapping[str, Any], name: str, part: str) -> list[Any]:
    return [each for each in person.get(name) or [] if isinstance(each, dict) and each.get(part)]


def _is_same(one: str, other: str) -> bool:
    return one.strip().lower() == other.strip().lower()
