"""E-mail addresses and phone numbers: which are some, and the form in which they are compared."""

from __future__ import annotations

import re
from typing import Literal

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from osdi_crm_client.errors import ConfigurationError
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumber, ValidationResult

Kind = Literal["email", "phone"]

NAMES: dict[Kind, str] = {"email": "e-mail address", "phone": "phone number"}

REGION = "US"
"""Where phone numbers without a country code are from, unless settings name a country."""


def region(country: str | None) -> str:
    """The region of phone numbers without a country code.

    Raises:
        ConfigurationError: If there is no such country.
    """
    found = (country or REGION).strip().upper()
    if found not in phonenumbers.SUPPORTED_REGIONS:
        raise ConfigurationError("The setting 'default_country' is not a country as two letters, such as US or GB.")
    return found


def is_address(kind: Kind, text: str, region: str = REGION) -> bool:
    """Whether a text can be an address of its kind."""
    if kind == "phone":
        return _number(text, region) is not None
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def sendable(text: str, region: str = REGION) -> str:
    """A phone number as it may be sent: as it came, unless a vendor that looks at digits alone took it for another."""
    number = _number(text, region)
    if number and (number.extension or re.search("[A-Za-z]", text)):
        return f"+{number.country_code}{_national(number)}"
    return text


def normal(kind: Kind, text: str, region: str = REGION) -> str:
    """An address as it is compared: e-mail in lower case, phone numbers as international digits."""
    if kind == "email":
        return text.strip().lower()
    number = _number(text, region)
    return f"{number.country_code}{_national(number)}" if number else re.sub(r"\D", "", text)


def spellings(address: str, region: str = REGION) -> set[str]:
    """The forms in which journals may hold a normal address: earlier releases kept phones as their digits."""
    number = None if "@" in address else _number(address, region) or _number(f"+{address}", region)
    if number is None:
        return {address}
    known = {address, f"{number.country_code}{_national(number)}"}
    if number.country_code == phonenumbers.country_code_for_region(region):
        home = PhoneMetadata.metadata_for_region(region)
        known |= {_national(number), f"{(home and home.national_prefix) or ''}{_national(number)}"}
    return known


def _number(text: str, region: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return number if possible else None


def _national(number: PhoneNumber) -> str:
    return phonenumbers.national_significant_number(number)
