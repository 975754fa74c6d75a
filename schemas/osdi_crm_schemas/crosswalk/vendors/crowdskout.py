"""Crowdskout: opt-outs that stand among what was sent to somebody, states by their names, attributes by theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_schemas.crosswalk.people import BOUNCING, COMPLAINED, UNSUBSCRIBED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from osdi_crm_schemas.crosswalk.table import Record

_ANSWERS = {
    "EmailSendSpamComplaints": COMPLAINED,
    "EmailSendUnsubscribes": UNSUBSCRIBED,
    "EmailSendBounces": BOUNCING,
}
"""What came back of an e-mail, and what that says of the address, the one that weighs most first."""

_STATES = {
    "Alabama": "AL",
    "Alaska": "AK",
    "Arizona": "AZ",
    "Arkansas": "AR",
    "California": "CA",
    "Colorado": "CO",
    "Connecticut": "CT",
    "Delaware": "DE",
    "District of Columbia": "DC",
    "Florida": "FL",
    "Georgia": "GA",
    "Hawaii": "HI",
    "Idaho": "ID",
    "Illinois": "IL",
    "Indiana": "IN",
    "Iowa": "IA",
    "Kansas": "KS",
    "Kentucky": "KY",
    "Louisiana": "LA",
    "Maine": "ME",
    "Maryland": "MD",
    "Massachusetts": "MA",
    "Michigan": "MI",
    "Minnesota": "MN",
    "Mississippi": "MS",
    "Missouri": "MO",
    "Montana": "MT",
    "Nebraska": "NE",
    "Nevada": "NV",
    "New Hampshire": "NH",
    "New Jersey": "NJ",
    "New Mexico": "NM",
    "New York": "NY",
    "North Carolina": "NC",
    "North Dakota": "ND",
    "Ohio": "OH",
    "Oklahoma": "OK",
    "Oregon": "OR",
    "Pennsylvania": "PA",
    "Puerto Rico": "PR",
    "Rhode Island": "RI",
    "South Carolina": "SC",
    "South Dakota": "SD",
    "Tennessee": "TN",
    "Texas": "TX",
    "Utah": "UT",
    "Vermont": "VT",
    "Virginia": "VA",
    "Washington": "WA",
    "West Virginia": "WV",
    "Wisconsin": "WI",
    "Wyoming": "WY",
}
"""Codes of the states by the names that the vendor has for them; others are left as they are."""

_KINDS = (None, "", "Mobile", "Home", "Work")
"""The kinds of phone numbers that profiles have, or none."""

_NAMES = {code: name for name, code in _STATES.items()}


def read(profile: Mapping[str, Any], person: Record) -> None:
    """Say of each address what came back of it; a complaint or an opt-out that names none is the person's."""
    emails = person.get("email_addresses", [])
    for address, status in _said(profile):
        mine = [each for each in emails if each.get("address", "").lower() == address]
        for each in mine or emails:
            each.setdefault("status", status)
        if emails and not mine:
            person["consent"] = {"email": status}
    for each in person.get("postal_addresses", []):
        if "region" in each:
            each["region"] = _STATES.get(each["region"], each["region"])
    if custom := {name: value for name, value in _custom(profile) if value is not None}:
        person["custom_fields"] = custom


def _said(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for answer, status in _ANSWERS.items():
        for each in profile.get("EmailSends") or ():
            if each and each.get(answer):
                yield str(each.get("EmailSendEmail") or "").strip().lower(), status
    for each in profile.get("IndependentUnsubscribes") or ():
        if each:
            yield str(each.get("IndependentUnsubscribeEmail") or "").strip().lower(), UNSUBSCRIBED


def _custom(profile: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values of attributes, as text; of several options, their texts in a list."""
    for each in profile.get("Attributes") or ():
        if each and each.get("AttributeName"):
            value = each.get("AttributeValue")
            yield each["AttributeName"], [_text(one) for one in value] if isinstance(value, list) else _text(value)


def _text(value: Any) -> Any:
    return value.get("value") if isinstance(value, dict) else value


def fitting(person: Mapping[str, Any], left: list[str]) -> Record:
    """Leave out numbers of kinds that are none of the vendor's: it would drop them without a word."""
    given = [each for each in person.get("phone_numbers") or () if isinstance(each, dict)]
    kept = [each for each in given if each.get("number_type") in _KINDS]
    left += ["further phone_numbers"] * (len(kept) < len(given))
    return {**person, "phone_numbers": kept}


def write(_: Mapping[str, Any], profile: Record) -> None:
    """Name the states."""
    for each in profile.get("PhysicalAddresses", []):
        if region := each.get("AddressRegion"):
            region["value"] = _NAMES.get(region["value"], region["value"])
