"""What there is at Rally Congress: properties, form keys, filters, and account options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Resource, by, by_each, by_email

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_sandbox.population import Population
    from osdi_crm_sandbox.vendor import Record

API = "/v3"
PAGE_SIZE = 50

OPTIONS: dict[str, Any] = {
    "at_once": 1,  # the vendor's 429 means too many simultaneous requests
    "wrapped": False,  # True: what is answered stands under `response`, as errors always do
    "records_key": None,  # name of the array of records instead of the resource's
    "next_uri": "present",  # or "missing": on no page
    "last_next_uri": "empty",  # on the last page; or "null", "missing", "self"
    "uris": "relative",  # to the host; or "absolute"
    "next_host": None,  # `nextpageuri` leads to this scheme and host instead
    "numbers_as_text": False,  # page, pagesize and totalResults as strings
    "max_page_size": 100,
    "charset": "utf-8",  # of answers, which never say so; or "latin-1"
    "control_characters": False,  # tabs and line breaks stand in strings as they are
    "byte_order_mark": False,
    "form_key_style": "camel",  # the only form keys understood; or "lower", "bracket"
    "upsert_by_email": True,  # False: POST supporters with a known e-mail is refused
    "supporter_needs": [],  # properties without which a new supporter is answered with 202
}

OPT_INS = ("not_collected", "no", "yes", "pending", "unsubscribed", "spam")
ADDRESS_TYPES = ("home", "work", "vacation", "school", "unknown")
ACTION_TYPES = ("letter", "twitter", "phone", "petition", "facebook")
ADDRESS = ("addressType", "street1", "street2", "street3", "city", "state", "zipcode", "zipplus")
WRITABLE = ("firstName", "lastName", "middleName", "suffix", "prefix", "email", "emailOptin", "customId")
PROPERTIES = (*WRITABLE[:6], "emailOptin", "emailStatus", "customId")

PAGING = ("page", "pagesize")

LOWER_KEYS = {name.lower(): name for name in (*WRITABLE, *ADDRESS)} | {"street": "street1", "phone": "telephone"}
FORM_KEYS: dict[str, Mapping[str, str]] = {
    "camel": {name: name for name in (*WRITABLE, *ADDRESS, "telephone")},
    "lower": {key: name for key, name in LOWER_KEYS.items() if key != "street1"},
    "bracket": {name: name for name in WRITABLE},
}
BRACKETED = re.compile(r"(addresses|phones)\[(\d)\]\[(\w+)\]")

ACTION_FORM = ("prefix", "firstname", "lastname", "street", "city", "state", "zipcode", "phone", "email")
MESSAGE = ("subject", "message")

RESOURCES = {
    "supporters": Resource(
        "_updated",
        {
            "email": by_email("email"),
            **{name: by(name) for name in ("firstName", "lastName", "customId")},
            "updatedSince": by("_updated"),
            "joinDate": by("_joined"),
            "congressDistrict": by("_district"),
            "optinStatus": by("emailOptin"),
            "zipCode": by_each("addresses", "zipcode"),
            **{name: by_each("addresses", name) for name in ("city", "state")},
        },
        "Resource not found",
    ),
    "campaigns": Resource("_updated", {"current": by("_current")}, "Resource not found"),
    "campaign_actions": Resource("_updated", {"campaign": by("campaignId")}, "Resource not found"),
    "letters": Resource("_updated", {}),
}
FILTERS = tuple(RESOURCES["supporters"].fields)


def target(population: Population, state: str | None, title: str) -> Record:
    """Somebody whom an action is aimed at."""
    person = population.person(0)
    party = population.pick(["Democrat", "Republican", "Independent"])
    return {"title": title, "name": f"{person.given_name} {person.family_name}", "party": party, "state": state}
