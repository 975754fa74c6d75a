"""The border of consent: the columns that say who may be reached, whatever their names, and what their words mean."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from osdi_crm_schemas import fold

from target_osdi_crm.consent import IN, OUT
from target_osdi_crm.intake import values
from target_osdi_crm.rejects import Rejection

EMAIL, PHONE, CALLS, FEDERAL_CALLS, CONTACT = "email", "phone", "calls", "federal calls", "contact"

_KINDS = {
    EMAIL: ("email", "e_mail", "mail", "newsletter"),
    PHONE: ("sms", "text", "texts", "mobile", "phone", "cell"),
    CALLS: ("call", "calls", "calling"),
}

_AGREES = (
    *("{}_opt_in", "{}_opted_in", "{}_subscribed", "{}_subscription", "{}_consent", "{}_permission"),
    *("{}_status", "{}_subscription_status", "{}_consent_status", "{}_opt_in_status", "{}_marketing_status"),
    *("opt_in_{}", "opted_in_{}", "subscribed_to_{}", "accepts_{}"),
)
_OBJECTS = (
    *("{}_opt_out", "{}_opted_out", "{}_unsubscribed", "{}_unsubscribe", "{}_bounced", "{}_unsubscribed_at"),
    *("{}_opted_out_at", "opt_out_{}", "opted_out_{}", "opted_out_of_{}", "has_opted_out_of_{}", "do_not_{}"),
)

_COLUMNS: dict[str, tuple[str, bool]] = {
    **{fold(each.format(word)): (kind, True) for kind, words in _KINDS.items() for word in words for each in _AGREES},
    **{fold(each.format(word)): (kind, False) for kind, words in _KINDS.items() for word in words for each in _OBJECTS},
    **{
        fold(each): (EMAIL, True)
        for each in (
            *("subscribed", "is_subscribed", "subscription_status", "subscriber_status", "opt_in", "opted_in"),
            *("consent_status", "accepts_marketing"),
        )
    },
    **{
        fold(each): (EMAIL, False)
        for each in (
            *("unsubscribed", "is_unsubscribed", "unsubscribed_at", "unsubscribe", "opted_out", "opted_out_at"),
            *("opt_out", "is_opt_out", "is_opted_out"),
        )
    },
    **{fold(each): (CALLS, False) for each in ("do_not_call", "do_not_phone", "donotcall")},
    **{fold(each): (FEDERAL_CALLS, False) for each in ("federal_donotcall", "federal_do_not_call")},
    **{fold(each): (CONTACT, False) for each in ("do_not_contact", "no_contact")},
}
"""Columns, folded: their channel, and whether a yes agrees; otherwise it objects."""

_WORDS = {
    **dict.fromkeys(("subscribed", "optin", "optedin", "resubscribed"), IN),
    **dict.fromkeys(
        (
            *("unsubscribed", "optout", "optedout", "notsubscribed", "donotcontact", "donotemail", "donottext"),
            *("donotcall", "bouncing", "bounced", "bounce", "previousbounce", "hardbounce", "softbounce", "cleaned"),
            *("spam", "spamcomplaint", "previousspamcomplaint", "complaint", "complained", "blocked", "suppressed"),
        ),
        OUT,
    ),
    **dict.fromkeys(
        (
            *("unknown", "neither", "notcollected", "pending", "unconfirmed", "notopted", "nonsubscribed"),
            *("neversubscribed", "transactional", "validated", "opened"),
        ),
        None,
    ),
}
"""What the words of any vendor mean, folded; None where they say nothing."""

_DATE = re.compile(r"[12]\d{3}-\d\d-\d\d([T ]\d\d:\d\d.*)?")


def is_column(name: str) -> bool:
    """Whether a column speaks of consent."""
    return fold(name) in _COLUMNS


def said(name: str, value: Any) -> tuple[str, str | None]:
    """What a column that speaks of consent says: a channel, and `IN`, `OUT`, or None where it says nothing.

    That somebody has not objected subscribes nobody where people are to be asked first.

    Raises:
        Rejection: If it is not understood; the words name the column, not the value.
    """
    channel, agrees = _COLUMNS[fold(name)]
    if agrees:
        return channel, status(name, value)
    if isinstance(value, str) and _DATE.fullmatch(value.strip()):
        return channel, OUT
    yes = _truth(name, value)
    if yes is not None:
        no = None if channel in {EMAIL, PHONE} else IN
        return channel, OUT if yes else no
    if (word := status(name, value)) == IN:
        raise _not_understood(name)
    return channel, word


def status(name: str, value: Any) -> str | None:
    """What a status says, in anybody's words: `IN`, `OUT` or None; raises as `said` does."""
    yes = _truth(name, value)
    if yes is not None:
        return IN if yes else OUT
    word = fold(value) if isinstance(value, str) else ""
    if word not in _WORDS:
        raise _not_understood(name)
    return _WORDS[word]


def _truth(name: str, value: Any) -> bool | None:
    with suppress(Rejection):
        return bool(values.fit(name, value, {"type": ["boolean"]}))
    return None


def _not_understood(name: str) -> Rejection:
    return Rejection("unknown_status", f"'{name}' says nothing about consent that is understood.")
