"""People as a vendor shows them, read without the crosswalk: who they are, and by what means they may be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from osdi_crm_sandbox.control import Account

Raw = dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """Somebody at a vendor.

    Attributes:
        id: The vendor's id.
        given: The given name.
        family: The family name.
        emails: The e-mail addresses, in lower case.
        phones: The phone numbers, as digits.
        mailed: Whether they get e-mails.
        texted: Whether they get messages to a mobile phone.
        called: Whether they may be called.
        barred: The ways, of `mailed`, `texted` and `called`, on which they are known not to be reached.
        tags: The names of their tags.
    """

    id: str
    given: str | None
    family: str | None
    emails: frozenset[str]
    phones: frozenset[str]
    mailed: bool
    texted: bool
    called: bool
    barred: frozenset[str]
    tags: frozenset[str] = frozenset()


def _barred(*, mailed: bool = False, texted: bool = False, called: bool = False) -> frozenset[str]:
    ways = {"mailed": mailed, "texted": texted, "called": called}
    return frozenset(way for way, is_barred in ways.items() if is_barred)


def _lower(*texts: str | None) -> frozenset[str]:
    return frozenset(text.lower() for text in texts if text)


def _digits(*texts: str | None) -> frozenset[str]:
    """The digits, without the country code of the United States."""
    digits = ("".join(each for each in text if each.isdigit()) for text in texts if text)
    return frozenset(each[1:] if len(each) == 11 and each[0] == "1" else each for each in digits)


def _of_a_group(account: Account) -> Iterator[Shown]:
    names = {_last(tag): tag["name"] for tag in account.records("tags")}
    tags: dict[str, set[str]] = {}
    for each in account.records("taggings"):
        links = {rel: link["href"].rpartition("/")[2] for rel, link in each["_links"].items() if "href" in link}
        tags.setdefault(links["osdi:person"], set()).add(names[links["osdi:tag"]])
    for raw in account.records("people"):
        emails, phones = raw.get("email_addresses", []), raw.get("phone_numbers", [])
        texted = any(each.get("number") and each["status"] == "subscribed" for each in phones)
        mailed = any(each.get("address") and each["status"] == "subscribed" for each in emails)
        yield Shown(
            id=_last(raw),
            given=raw.get("given_name"),
            family=raw.get("family_name"),
            emails=_lower(*(each.get("address") for each in emails)),
            phones=_digits(*(each.get("number") for each in phones)),
            mailed=mailed,
            texted=texted,
            called=texted,
            barred=_barred(mailed=bool(emails) and not mailed, texted=bool(phones) and not texted),
            tags=frozenset(tags.get(_last(raw), ())),
        )


def _last(raw: Raw) -> str:
    return str(next(each for each in raw["identifiers"] if each.startswith("action_network:"))).partition(":")[2]


def _of_a_nation(account: Account) -> Iterator[Shown]:
    names = {raw["id"]: raw["attributes"]["name"] for raw in account.records("signup_tags")}
    tags: dict[str, set[str]] = {}
    for each in account.records("signup_taggings"):
        tagging = each["attributes"]
        tags.setdefault(tagging["signup_id"], set()).add(names[tagging["tag_id"]])
    for each in account.records("signups"):
        raw = each["attributes"]
        phones = [raw["mobile_number"], raw["phone_number"], raw["work_phone_number"]]
        slot, out = f"email{raw['primary_email_id'] or 1}", raw["do_not_contact"]
        agrees = raw["email_opt_in"] and not raw["unsubscribed_at"]
        is_good = not raw[f"{slot}_is_bad"] and not raw[f"{slot}_is_bouncing"]
        if not raw["is_cpu"]:  # the owner of a nation is there from the first
            yield Shown(
                id=each["id"],
                given=raw["first_name"],
                family=raw["last_name"],
                emails=_lower(raw["email"], *(raw[f"email{number}"] for number in range(1, 5))),
                phones=_digits(*phones, raw["fax_number"]),
                mailed=bool(raw["email"] and agrees and is_good and not out),
                texted=bool(raw["mobile_number"] and raw["mobile_opt_in"] and not raw["is_mobile_bad"] and not out),
                called=any(phones) and not (raw["do_not_call"] or raw["federal_donotcall"] or out),
                barred=_barred(
                    mailed=not agrees or not is_good or out,
                    texted=not raw["mobile_opt_in"] or bool(raw["is_mobile_bad"]) or out,
                    called=raw["do_not_call"] or raw["federal_donotcall"] or out,
                ),
                tags=frozenset(tags.get(each["id"], ())),
            )


def _of_supporters(account: Account) -> Iterator[Shown]:
    for raw in account.records("supporters"):
        phones = [each["telephone"] for each in raw["phones"]]
        is_good = raw["emailStatus"] not in {"hard_bounce", "soft_bounce", "dns_fail"}
        is_out = raw["emailOptin"] in {"no", "unsubscribed", "spam"}
        yield Shown(
            id=raw["id"],
            given=raw["firstName"],
            family=raw["lastName"],
            emails=_lower(raw["email"]),
            phones=_digits(*phones),
            mailed=raw["emailOptin"] == "yes" and is_good,
            texted=any(phones),
            called=any(phones),
            barred=_barred(mailed=is_out or not is_good),
        )


def _of_contacts(account: Account) -> Iterator[Shown]:
    for raw in account.records("contacts"):
        phones = [raw[name] for name in ("Phone", "Phone2", "Phone3", "CellNumber")]
        yield Shown(
            id=str(raw["ContactID"]),
            given=raw["FirstName"],
            family=raw["LastName"],
            emails=_lower(raw["Email"], raw["Email2"]),
            phones=_digits(*phones),
            mailed=bool(raw["Email"] or raw["Email2"]),
            texted=any(phones),
            called=any(phones),
            barred=frozenset(),
        )


def _of_profiles(account: Account) -> Iterator[Shown]:
    for raw in account.records("profiles"):
        emails, phones = raw.get("EmailAddresses") or [], raw.get("PhoneNumbers") or []
        name = [{}, *(raw.get("Names") or ())][-1]  # a new name is one more
        answers = ("EmailSendSpamComplaints", "EmailSendUnsubscribes", "EmailSendBounces")
        out = raw.get("IndependentUnsubscribes") or [
            each for each in raw.get("EmailSends") or [] if any(each.get(answer) for answer in answers)
        ]
        mailed = not out and any(_is_usable(each.get("EmailUsable")) for each in emails)
        texted = any(_is_usable(each.get("PhoneNumberTextUsable")) for each in phones)
        called = any(_is_usable(each.get("PhoneNumberCallUsable")) for each in phones)
        yield Shown(
            id=str(raw["id"]),
            given=name.get("FirstName"),
            family=name.get("LastName"),
            emails=_lower(*(each.get("Email") for each in emails)),
            phones=_digits(*(each.get("PhoneNumber") for each in phones)),
            mailed=mailed,
            texted=texted,
            called=called,
            barred=_barred(
                mailed=bool(emails) and not mailed,
                texted=bool(phones) and not texted,
                called=bool(phones) and not called,
            ),
        )


def _is_usable(flag: Raw | None) -> bool:
    return (flag or {}).get("value") != "Unusable"


OF_VENDOR: dict[str, Callable[[Account], Iterator[Shown]]] = {
    "action_network": _of_a_group,
    "nationbuilder": _of_a_nation,
    "rally_congress": _of_supporters,
    "crowdskout": _of_profiles,
    "i360": _of_contacts,
}

ASKS = ("action_network", "nationbuilder", "rally_congress")
"""Vendors where nobody gets e-mails who has not agreed; the others keep at most who objects."""


def people(account: Account) -> list[Shown]:
    """Everybody in an account."""
    return [*OF_VENDOR[account.vendor](account)]
