"""Searching contacts: criteria, rows and counts."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from osdi_crm_sandbox.population import iso
from osdi_crm_sandbox.vendor import Call, Refusal, answer
from osdi_crm_sandbox.vendors.i360.reading import answer_list, fold, number_or, spelled
from osdi_crm_sandbox.vendors.i360.resources import COLUMNS, CONTACTS, MANDATORY, NATIONAL, STATES, TOUCHPOINTS, VALUES
from osdi_crm_sandbox.vendors.i360.writing import start_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record

COUNTS = ("CellPhones", "Email", "Households", "MailingAddresses", "Residences", "Phones")


def _search(call: Call) -> list[Record]:
    """The contacts that fulfil a search's criteria (API-Examples, SearchesControllerSmokeTests).

    Raises:
        Refusal: criteria are missing or make no sense.
    """
    criteria = fold(call.body).get("criteria")
    if not isinstance(criteria, dict) or not all(isinstance(value, str) for value in criteria.values()):
        raise Refusal(400, "Criteria must be an object of strings")
    missing = [name for name in MANDATORY if not criteria.get(name)]
    if missing:
        raise Refusal(400, f"Criteria {', '.join(missing)} are required")
    state = number_or(criteria["2"], 0)
    if criteria["3"] not in ("1", "2") or not 1 <= state <= len(STATES):
        raise Refusal(400, "Criteria 2 or 3 have no such value")
    table = call.account.tables[(NATIONAL if criteria["3"] == "1" else CONTACTS).name]
    found = table.select([("State", "eq", STATES[state - 1])], live=False)
    tests = [_criterion(call.account, name, value) for name, value in criteria.items() if name not in MANDATORY]
    contacts = [table.records[key] for key in found if key in table.records]
    return [contact for contact in contacts if all(test(contact) for test in tests)]


def _criterion(account: Account, name: str, value: str) -> Callable[[Record], bool]:
    if name == "377":
        return lambda contact: bool(contact["Email"]) == (value == "1")
    if name == "15" and (ages := re.fullmatch(r"(\d+)#(\d+)", value)):
        first, last = int(ages[1]), int(ages[2])
        return lambda contact: first <= _age(contact) <= last
    if name == "5" and re.fullmatch(r"\d+(, ?\d+)*", value):
        values = account.tables[VALUES.name].records
        chosen = [values.get(f"5/{number.strip()}", {}) for number in value.split(",")]
        counties = {(STATES[county["_state"] - 1], county["Name"]) for county in chosen if county}
        return lambda contact: (contact["State"], contact["CountyName"]) in counties
    if name == "27" and (corners := _corners(value)):
        return lambda contact: _is_within(contact.get("_at"), corners)
    if name in map(str, TOUCHPOINTS) and (touched := re.fullmatch(r"(\d+)#(\d+)&([\d/]+)#([\d/]+)", value)):
        from_day, to_day = _day(touched[3]), _day(touched[4])
        wanted = (int(touched[1]), int(touched[2]))
        return lambda contact: any(
            (category, touchpoint) == wanted and from_day <= _day(day) <= to_day
            for category, touchpoint, day in contact["_touchpoints"]
        )
    raise Refusal(400, f"Criterion {name} has no such value")


def _corners(value: str) -> list[tuple[float, float]]:
    """The corners of "poly", then a line of latitude#longitude for each, the first once more at the end."""
    first, *lines = value.strip().split("\n")
    pairs = [re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)#(-?\d+(?:\.\d+)?)\s*", line) for line in lines]
    corners = [(float(pair[1]), float(pair[2])) for pair in pairs if pair]
    is_closed = first.strip() == "poly" and all(pairs) and len(corners) > 3 and corners[0] == corners[-1]
    return corners if is_closed else []


def _is_within(place: tuple[float, float] | None, corners: list[tuple[float, float]]) -> bool:
    """Whether a line from a place to the east meets the border an odd number of times."""
    if place is None:
        return False
    north, east = place
    met = 0
    for (one, at_one), (other, at_other) in pairwise(corners):
        crosses = (one > north) != (other > north)
        met += crosses and east < at_one + (north - one) * (at_other - at_one) / (other - one)
    return met % 2 == 1


def _day(text: str) -> date:
    """A day written M/D/YYYY."""
    try:
        month, day, year = map(int, text.split("/"))
        return date(year, month, day)
    except ValueError as error:
        raise Refusal(400, f"{text} is not a date") from error


def _age(contact: Record) -> int:
    try:
        born = _day(contact["DateOfBirth"] or "")
    except Refusal:
        return -1
    today = date.fromisoformat(iso()[:10])
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _columns(call: Call, name: str) -> list[str]:
    given = fold(call.body).get(name)
    known = {column.lower(): column for column in COLUMNS}
    if given is None:
        return []
    if not isinstance(given, list) or any(str(column).lower() not in known for column in given):
        raise Refusal(400, f"{name} must be a list of known columns")
    return [known[column.lower()] for column in given]


def search_results(call: Call) -> Response:
    """Rows of the columns asked for."""
    body, options = fold(call.body), call.account.options
    columns, order = _columns(call, "columns"), _columns(call, "orderby")
    if not columns:
        raise Refusal(400, "Columns are required")
    found = _search(call)
    limit = body.get("recordlimit")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise Refusal(400, "RecordLimit must be a positive number")
    if body.get("randomized") is True:
        call.account.random.shuffle(found)
    for column in reversed(order):
        found.sort(key=lambda contact: str(contact.get(COLUMNS[column][0]) or ""))
    limits = [most for most in (limit, options["max_record_limit"]) if most is not None]
    rows = found[: min(limits)] if limits else found
    return answer_list(call, [{column: contact.get(COLUMNS[column][0]) for column in columns} for contact in rows])


def search_counts(call: Call) -> Response:
    """How many contacts fulfil a search's criteria, by the switches that are on."""
    found, body = _search(call), fold(call.body)
    with_a = {"CellPhones": "CellNumber", "Email": "Email", "MailingAddresses": "mAddress_Line1"}
    with_a |= {"Residences": "Address1", "Phones": "Phone"}
    counts = {name: sum(bool(contact[field]) for contact in found) for name, field in with_a.items()}
    counts["Households"] = len({(contact["Address1"], contact["Zip"]) for contact in found if contact["Address1"]})
    switched_on = (name for name in COUNTS if body.get(name.lower()) is True)
    return answer(spelled(call.account, {name: counts[name] for name in switched_on}))


def queue_search(call: Call) -> Response:
    """A search whose result goes elsewhere."""
    _search(call)
    return start_job(call, "searches")
