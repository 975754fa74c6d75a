"""People of every kind, put into an account as its vendor holds them, and what becomes of some of them the next day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from osdi_crm_sandbox.control import Account

Raw = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """Somebody who tells something: how they may be reached, and what they have.

    Attributes:
        name: The given name, in one word.
        email: Whether they have an e-mail address.
        mail: What the vendor is to hold of their consent to e-mails: in, out, bounced, complained, or nothing.
        text: The same of messages.
        phone: Their number.
        contact: Whether they must not be contacted at all.
    """

    name: str
    email: bool = True
    mail: str = "in"
    text: str = "in"
    phone: str = ""
    contact: bool = False

    @property
    def address(self) -> str:
        """The e-mail address."""
        return f"{self.name.lower()}@example.org" if self.email else ""


FAMILY = "O'Néill-Žiga 🌻"

KINDS = (
    Kind("Plain", phone="2025550101"),
    Kind("Outmail", mail="out"),
    Kind("Outtext", text="out", phone="2025550102"),
    Kind("Bounced", mail="bounced"),
    Kind("Complained", mail="complained"),
    Kind("Nocontact", contact=True, phone="2025550103"),
    Kind("Unknown", mail="unknown", text="unknown"),
    Kind("Nomail", email=False, phone="2025550104"),
    Kind("Sharedone", phone="2025550105"),
    Kind("Sharedtwo", phone="2025550105"),
)


def _in_a_group(kind: Kind) -> Raw:
    mail = {"in": "subscribed", "bounced": "bouncing", "complained": "spam complaint"}.get(kind.mail, "unsubscribed")
    text = "subscribed" if kind.text == "in" and not kind.contact else "unsubscribed"
    raw: Raw = {
        "given_name": kind.name,
        "family_name": FAMILY,
        "custom_fields": {"Favourite colour": "blue"},
        "postal_addresses": [{"address_lines": ["1 Main St"], "locality": "Ames", "region": "IA", "country": "US"}],
    }
    if kind.email:
        status = "unsubscribed" if kind.contact else mail
        raw["email_addresses"] = [{"address": kind.address, "primary": True, "status": status}]
    if kind.phone:
        raw["phone_numbers"] = [{"number": f"1{kind.phone}", "primary": True, "status": text}]
    return raw


def _in_a_nation(kind: Kind) -> Raw:
    return {
        "attributes": {
            "first_name": kind.name,
            "last_name": FAMILY,
            "email": kind.address or None,
            "email1": kind.address or None,
            "email2": f"second.{kind.address}" if kind.name == "Plain" else None,
            "email_opt_in": kind.mail not in {"out", "complained", "unknown"},
            "email1_is_bad": kind.mail == "bounced",
            "mobile_number": kind.phone or None,
            "mobile_opt_in": kind.text == "in",
            "do_not_contact": kind.contact,
        }
    }


def _supporter(kind: Kind) -> Raw:
    opt_in = {"in": "yes", "out": "unsubscribed", "complained": "spam", "unknown": "not_collected"}.get(
        kind.mail, "yes"
    )
    return {
        "firstName": kind.name,
        "lastName": FAMILY,
        "email": kind.address or "nomail@example.org",
        "emailOptin": "unsubscribed" if kind.contact else opt_in,
        "emailStatus": "hard_bounce" if kind.mail == "bounced" else "validated",
        "phones": [{"telephone": kind.phone}] if kind.phone else [],
        "addresses": [],
    }


def _contact(kind: Kind) -> Raw:
    return {
        "FirstName": kind.name,
        "LastName": FAMILY,
        "Email": kind.address or None,
        "CellNumber": kind.phone or None,
        "State": "IA",
    }


def _profile(kind: Kind) -> Raw:
    out = kind.contact or kind.mail in {"out", "bounced", "complained"}
    raw: Raw = {"Names": [{"FirstName": kind.name, "LastName": FAMILY, "FullName": f"{kind.name} {FAMILY}"}]}
    if kind.email:
        flag = {"value": "Unusable" if out else "Usable"}
        raw["EmailAddresses"] = [{"Email": kind.address, "EmailUsable": flag}]
    if kind.phone:
        flag = {"value": "Unusable" if kind.text == "out" or kind.contact else "Usable"}
        number = {"PhoneNumber": f"+1{kind.phone}", "PhoneType": {"value": "Cell"}}
        raw["PhoneNumbers"] = [{**number, "PhoneNumberTextUsable": flag, "PhoneNumberCallUsable": flag}]
    return raw


def _in_group(email: str, status: str) -> Raw:
    return {"email_addresses": [{"address": email, "primary": True, "status": status}]}


@dataclass(frozen=True)
class Held:
    """How a vendor holds people.

    Attributes:
        resource: The sandbox's name of them.
        made: Makes somebody of a kind.
        renamed: What changes the given name.
        moved: What gives an e-mail address in place of the one that was there.
        out: What unsubscribes the e-mail address; nothing where that cannot be held.
        back: What subscribes it again; nothing where nobody is said to have agreed.
        reading: Settings of the tap.
    """

    resource: str
    made: Callable[[Kind], Raw]
    renamed: Callable[[str], Raw]
    moved: Callable[[str], Raw]
    out: Callable[[str], Raw] | None
    back: Callable[[str], Raw] | None
    reading: Raw


HELD = {
    "action_network": Held(
        "people",
        _in_a_group,
        lambda name: {"given_name": name},
        lambda email: _in_group(email, "subscribed"),
        lambda email: _in_group(email, "unsubscribed"),
        lambda email: _in_group(email, "subscribed"),
        {},
    ),
    "nationbuilder": Held(
        "signups",
        _in_a_nation,
        lambda name: {"first_name": name},
        lambda email: {"email": email, "email1": email},
        lambda _: {"email_opt_in": False},
        lambda _: {"email_opt_in": True},
        {},
    ),
    "rally_congress": Held(
        "supporters",
        _supporter,
        lambda name: {"firstName": name},
        lambda email: {"email": email},
        lambda _: {"emailOptin": "unsubscribed"},
        lambda _: {"emailOptin": "yes"},
        {},
    ),
    "i360": Held(
        "contacts",
        _contact,
        lambda name: {"FirstName": name},
        lambda email: {"Email": email},
        None,
        None,
        {
            "i360_states": [str(number) for number in range(1, 52)],
            "i360_list_type": "my_data",
            "i360_record_limit": 1000,
            "i360_search_columns": ["ContactID", "firstname(c)", "lastname(c)", "Phone(c)", "email(c)", "C_State"],
        },
    ),
    "crowdskout": Held(
        "profiles",
        _profile,
        lambda name: {"Names": [{"id": 1, "FirstName": name, "LastName": FAMILY, "FullName": f"{name} {FAMILY}"}]},
        lambda email: {"EmailAddresses": [{"id": 1, "Email": email, "EmailUsable": {"id": 1, "value": "Usable"}}]},
        lambda email: {"EmailAddresses": [{"id": 1, "Email": email, "EmailUsable": {"id": 2, "value": "Unusable"}}]},
        None,
        {},
    ),
}


def fill(account: Account, kinds: tuple[Kind, ...] = KINDS) -> None:
    """Put somebody of each kind into an account."""
    held = HELD[account.vendor]
    account.insert(held.resource, [held.made(kind) for kind in kinds])
