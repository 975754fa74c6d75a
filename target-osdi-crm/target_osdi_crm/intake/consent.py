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

AGREES, ALLOWS, OBJECTS = "agrees", "allows", "objects"
"""What a yes in a column says: that somebody agreed, that nobody objected, or that somebody did."""

_KINDS = {
    EMAIL: (
        *(
            "email",
            "emails",
            "e_mail",
            "mail",
            "email_address",
            "email_addresses",
            "email_marketing",
            "marketing_email",
        ),
        *("marketing_emails", "newsletter", "newsletters", "mailing_list"),
    ),
    PHONE: (
        *("sms", "sms_marketing", "text", "texts", "texting", "text_message", "text_messages", "mobile"),
        *(
            "mobile_phone",
            "mobile_number",
            "phone",
            "phone_number",
            "phone_numbers",
            "phone_number_text",
            "cell",
            "cell_phone",
        ),
    ),
    CALLS: ("call", "calls", "calling", "phone_call", "phone_calls", "phone_number_call", "robocalls"),
}

_FORMS = {
    AGREES: (
        *("{}_opt_in", "{}_opted_in", "{}_subscribed", "{}_subscription", "{}_consent", "{}_permission"),
        *("{}_status", "{}_subscription_status", "{}_consent_status", "{}_opt_in_status", "{}_marketing_status"),
        *("opt_in_{}", "opted_in_{}", "opt_in_to_{}", "opted_in_to_{}", "subscribed_to_{}", "subscribe_to_{}"),
        *(
            "consent_{}",
            "consent_to_{}",
            "accepts_{}",
            "is_{}_subscribed",
            "is_{}_opted_in",
            "{}_is_subscribed",
            "{}_is_opted_in",
        ),
    ),
    ALLOWS: ("{}_allowed", "{}_ok", "{}_usable", "can_{}", "allow_{}", "allows_{}"),
    OBJECTS: (
        *("{}_opt_out", "{}_opted_out", "{}_unsubscribed", "{}_unsubscribe", "{}_bounced", "{}_suppressed"),
        *("{}_unsubscribed_at", "{}_unsubscribed_on", "{}_unsubscribed_date", "{}_unsubscribe_date", "{}_opt_out_at"),
        *("{}_opted_out_at", "{}_opted_out_on", "{}_opted_out_date", "{}_opt_out_date", "{}_is_unsubscribed"),
        *("{}_is_opted_out", "is_{}_unsubscribed", "is_{}_opted_out", "opt_out_{}", "opted_out_{}", "opt_out_of_{}"),
        *("opted_out_of_{}", "has_opted_out_of_{}", "unsubscribed_from_{}", "do_not_{}", "dont_{}", "no_{}", "stop_{}"),
        *("{}_is_bad", "{}_bad", "bad_{}", "{}_is_invalid", "{}_invalid", "invalid_{}"),
    ),
}

_ALONE = {
    AGREES: (
        *("subscribed", "is_subscribed", "subscription_status", "subscriber_status", "opt_in", "opted_in"),
        *("consent_status", "accepts_marketing", "marketing_consent", "marketing_opt_in"),
    ),
    OBJECTS: (
        *("unsubscribed", "is_unsubscribed", "unsubscribed_at", "unsubscribed_on", "unsubscribe_date", "unsubscribe"),
        *("opted_out", "opted_out_at", "opt_out", "opt_out_date", "is_opt_out", "is_opted_out", "suppressed"),
        *("is_suppressed", "marketing_opt_out"),
    ),
}
"""Forms of e-mail's columns that do not name it."""

_COLUMNS: dict[str, tuple[str, str]] = {
    **{
        fold(form.format(word)): (kind, meaning)
        for meaning, forms in _FORMS.items()
        for kind, words in _KINDS.items()
        for word in words
        for form in forms
    },
    **{fold(each): (EMAIL, meaning) for meaning, forms in _ALONE.items() for each in forms},
    **{fold(each): (CALLS, OBJECTS) for each in ("do_not_call", "do_not_phone", "dnc")},
    **{fold(each): (FEDERAL_CALLS, OBJECTS) for each in ("federal_donotcall", "federal_do_not_call")},
    **{fold(each): (CONTACT, OBJECTS) for each in ("do_not_contact", "no_contact", "dont_contact")},
    **{
        fold(each): (CONTACT, ALLOWS)
        for each in (
            *("consent", "consented", "consent_given", "has_consent", "has_consented", "contact_consent"),
            *("gdpr_consent", "gdpr_consent_given", "gdpr_opt_in", "privacy_consent", "data_consent"),
        )
    },
}
"""Columns, folded: their channel, and what a yes says."""

_BY_ITS_WORD = frozenset(("status", "memberstatus", "mailinglist", "newsletter", "newsletters", "emailsubscriptions"))
"""Columns, folded, that may be about anything, and speak of consent to e-mail where their word does."""

_WORDS = {
    **dict.fromkeys(("subscribed", "optin", "optedin", "resubscribed", "granted"), IN),
    **dict.fromkeys(
        (
            *("unsubscribed", "optout", "optedout", "notsubscribed", "donotcontact", "donotemail", "donottext"),
            *("donotcall", "bouncing", "bounced", "bounce", "previousbounce", "hardbounce", "softbounce", "cleaned"),
            *("spam", "spamcomplaint", "previousspamcomplaint", "complaint", "complained", "blocked", "suppressed"),
            *("unusable", "denied", "refused", "revoked", "withdrawn"),
        ),
        OUT,
    ),
    **dict.fromkeys(
        (
            *("unknown", "neither", "notcollected", "pending", "unconfirmed", "notopted", "nonsubscribed"),
            *("neversubscribed", "transactional", "validated", "opened", "usable"),
        ),
        None,
    ),
}
"""What the words of any vendor mean, folded; None where they say nothing."""

_CLEARLY = re.compile("subscribed|opt(ed)?(in|out)|bounc|complain|cleaned")
"""What a word holds that can be about nothing but consent."""

_DATE = re.compile(r"[12]\d{3}-\d\d-\d\d([T ]\d\d:\d\d.*)?")


def is_column(name: str) -> bool:
    """Whether a column speaks of consent."""
    return fold(name) in _COLUMNS


def is_column_by_its_word(name: str) -> bool:
    """Whether a column speaks of consent where its word does."""
    return fold(name) in _BY_ITS_WORD


def may_speak(name: str) -> bool:
    """Whether a column speaks of consent, whatever its word or where that does."""
    return is_column(name) or is_column_by_its_word(name)


def is_word(value: Any) -> bool:
    """Whether a value is a word that can be about nothing but consent."""
    word = fold(value) if isinstance(value, str) else ""
    return _WORDS.get(word) is not None and _CLEARLY.search(word) is not None


def said(name: str, value: Any) -> tuple[str, str | None]:
    """What a column that speaks of consent says: a channel, and `IN`, `OUT`, or None where it says nothing.

    That somebody has not objected subscribes nobody where people are to be asked first.

    Raises:
        Rejection: If it is not understood; the words name the column, not the value.
    """
    channel, meaning = _COLUMNS.get(fold(name), (EMAIL, AGREES))
    if meaning != OBJECTS:
        word = status(name, value)
        return channel, None if word == IN and meaning == ALLOWS else word
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
