"""What there is at Rally Congress: properties, form keys, filters, and account options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from osdi_crm_sandbox.records import Resource, by, by_each, by_email
from osdi_crm_sandbox.vendor import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_sandbox.population import Population
    from osdi_crm_sandbox.records import Record

API = "/v3"
PAGE_SIZE = 50

OPTIONS = options(__file__)

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
