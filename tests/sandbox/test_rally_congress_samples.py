"""Every body the sandbox serves for Rally Congress, property by property against the vendor's tables.

Transcribed from rallycongress.com/docs/api, /docs/api/supporters, /docs/api/supporter_object and /docs/api/campaigns.
The vendor publishes no response: names under ASSUMED are this project's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests
    from osdi_crm_sandbox.control import Account, Sandbox

ENVELOPE = {
    "uri": "uri",
    "firstpageuri": "uri",
    "nextpageuri": "uri or empty",
    "previouspageuri": "uri or empty",
    "page": "integer",
    "pagesize": "integer",
    "totalResults": "integer",
}
SUPPORTER = {
    "id": "text",
    "firstName": "text?",
    "lastName": "text?",
    "middleName": "text?",
    "suffix": "text?",
    "prefix": "text?",
    "email": "email",
    "emailOptin": "opt-in",
    "emailStatus": "status",
    "customId": "text?",
    "addresses": "array",  # ASSUMED
    "phones": "array",  # ASSUMED
}
ADDRESS = {
    "addressType": "address type",
    "street1": "text?",
    "street2": "text?",
    "street3": "text?",
    "city": "text?",
    "state": "two letters",
    "zipcode": "five digits",
    "zipplus": "four digits?",
}
PHONE = {"telephone": "text?"}
CAMPAIGN = {"campaignId": "text", "title": "text", "uri": "uri", "actions": "array"}  # ASSUMED
CAMPAIGN_DETAIL = {**CAMPAIGN, "text": "text", "displaySettings": "object"}  # ASSUMED
ACTION_IN_CAMPAIGN = {"actionType": "action type", "title": "text", "uri": "uri"}  # ASSUMED
ACTION = {
    "campaignId": "text",
    "actionType": "action type",
    "title": "text",
    "fields": "array",
    "letters": "array",
    "targets": "array",
    "uri": "uri",
}  # ASSUMED
FIELD = {"name": "text", "label": "text", "type": "text", "isRequired": "boolean"}  # ASSUMED but for isRequired

CHECKS: dict[str, Callable[[Any], Any]] = {
    "text": lambda value: isinstance(value, str) and value,
    "text?": lambda value: value is None or (isinstance(value, str) and value),
    "uri": lambda value: re.fullmatch(r"/rally_congress/v3/\S+", value),
    "uri or empty": lambda value: re.fullmatch(r"(/rally_congress/v3/\S+)?", value),
    "integer": lambda value: type(value) is int,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "email": lambda value: re.fullmatch(r"\S+@\S+\.\S+", value),
    "two letters": lambda value: re.fullmatch(r"[A-Z]{2}", value),
    "five digits": lambda value: re.fullmatch(r"\d{5}", value),
    "four digits?": lambda value: value is None or re.fullmatch(r"\d{4}", value),
    "opt-in": {"not_collected", "no", "yes", "pending", "unsubscribed", "spam"}.__contains__,
    "status": {"unknown", "validated", "opened", "hard_bounce", "soft_bounce", "dns_fail"}.__contains__,
    "address type": {"home", "work", "vacation", "school", "unknown"}.__contains__,
    "action type": {"letter", "twitter", "phone", "petition", "facebook"}.__contains__,
}


def compare(record: dict[str, Any], table: dict[str, str]) -> None:
    """The record has exactly these properties, each of its kind."""
    assert record.keys() == table.keys()
    for name, kind in table.items():
        assert CHECKS[kind](record[name]), (name, kind, record[name])


@pytest.fixture(scope="module")
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("rally_congress", size=400)


@pytest.fixture
def get(account: Account, session: requests.Session) -> Callable[..., Any]:
    def get(path: str, **params: Any) -> Any:
        auth = (account.credentials["account_id"], account.credentials["auth_token"])
        response = session.get(account.url + path, auth=auth, params=params, timeout=20)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("application/json")
        return response.json()

    return get


def test_supporters(get: Callable[..., Any]) -> None:
    page = get("/supporters", pagesize=100, page=1)
    records = page.pop("supporters")
    compare(page, ENVELOPE)
    assert (page["page"], page["pagesize"], page["totalResults"], len(records)) == (1, 100, 400, 100)
    for record in records:
        compare(record, SUPPORTER)
        for address in record["addresses"]:
            compare(address, ADDRESS)
        for phone in record["phones"]:
            compare(phone, PHONE)
    assert any(len(record["addresses"]) > 1 for record in records)
    compare(get(f"/supporters/{records[0]['id']}"), SUPPORTER)


def test_every_code_of_the_enumerations_is_served(account: Account) -> None:
    records = account.records("supporters")
    for name, codes in (
        ("emailOptin", {"not_collected", "no", "yes", "pending", "unsubscribed", "spam"}),
        ("emailStatus", {"unknown", "validated", "opened", "hard_bounce", "soft_bounce", "dns_fail"}),
    ):
        assert {record[name] for record in records} == codes
    for name in SUPPORTER:
        assert any(record[name] for record in records), name


def test_no_time_stands_in_a_supporter(account: Account) -> None:
    for record in account.records("supporters"):
        assert not re.search(r"\d{4}-\d\d-\d\d", str(record))


def test_campaigns(get: Callable[..., Any]) -> None:
    page = get("/campaigns")
    records = page.pop("campaigns")
    compare(page, ENVELOPE)
    assert records
    kinds = set()
    for record in records:
        compare(record, CAMPAIGN)
        compare(get(f"/campaigns/{record['campaignId']}"), CAMPAIGN_DETAIL)
        for action in record["actions"]:
            compare(action, ACTION_IN_CAMPAIGN)
            form = get(f"/campaigns/{record['campaignId']}/{action['actionType']}")
            compare(form, ACTION)
            for field in form["fields"]:
                compare({name: value for name, value in field.items() if name != "options"}, FIELD)
            kinds.add(action["actionType"])
    assert "letter" in kinds
    assert len(kinds) >= 3


def test_the_form_of_a_letter_asks_for_what_clients_send(get: Callable[..., Any]) -> None:
    """github.com/swt83/php-rallycongress, README.md."""
    campaign = get("/campaigns")["campaigns"][0]["campaignId"]
    form = get(f"/campaigns/{campaign}/letter")
    names = {field["name"]: field["isRequired"] for field in form["fields"]}
    sent = ["prefix", "firstname", "lastname", "street", "city", "state", "zipcode", "phone", "email"]
    assert list(names) == [*sent, "subject", "message"]
    assert names["prefix"] is True
    assert form["letters"][0].keys() == {"subject", "body"}
