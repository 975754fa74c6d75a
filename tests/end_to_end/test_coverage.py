"""What vendors document is read, written, deleted and served as docs/coverage.md says, and what is not has a reason."""

from __future__ import annotations

import re
from typing import Any

import osdi_crm_schemas
import pytest
import requests
from osdi_crm_sandbox.control import Account, Sandbox

from hub import facts
from hub.coverage import PAGE, Coverage, page, vendors

VENDORS = [Coverage(vendor) for vendor in vendors()]
each_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=[each.vendor for each in VENDORS])


def test_each_vendors_document_is_written_down() -> None:
    assert vendors() == sorted(osdi_crm_schemas.vendors())


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make settings"


def test_the_sandbox_says_what_it_knows_and_what_it_assumes() -> None:
    assert facts.README.read_text(encoding="utf-8") == facts.readme(), "make settings"
    for vendor in VENDORS:
        rows = facts.facts(vendor.vendor)
        assert f"<!-- facts of {vendor.vendor}, generated -->" in facts.readme()
        assert {each["known"] for each in rows} == facts.KNOWN.keys()
        assert all(each["where"] for each in rows)


@each_vendor
def test_what_is_left_out_has_a_reason_and_nothing_else_has(vendor: Coverage) -> None:
    for line in vendor.lines():
        is_left_out = bool(line.lacking) or len(line.served) < len(line.calls) or line.written != line.copied
        assert is_left_out == bool(line.because), line.resource
        assert line.offers, line.resource


@each_vendor
def test_every_stream_stands_for_something_documented(vendor: Coverage) -> None:
    named = {name for line in vendor.lines() for name in line.names}

    assert named == vendor.resources.keys() | vendor.streams.keys()


@each_vendor
def test_no_call_stands_in_a_list_twice(vendor: Coverage) -> None:
    calls = [call for line in vendor.lines() for call in line.calls if vendor.vendor != "crowdskout"]

    assert len(calls) == len({*calls})


HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}


def signed(account: Account) -> dict[str, Any]:
    """What a call is signed with."""
    own = account.credentials
    if account.vendor == "action_network":
        return {"headers": {**HEADERS, "OSDI-API-Token": account.key}}
    if account.vendor == "rally_congress":
        return {"auth": (own["account_id"], own["auth_token"])}
    token = account.key
    if account.vendor == "i360":
        login = account.settings["i360_login_url"]
        asked = {"grant_type": "password", "username": own["username"], "password": own["password"]}
        asked["scope"] = "openid profile sampleApi"
        token = requests.post(login, data=asked, auth=("roclient", "secret"), timeout=10).json()["access_token"]
    return {"headers": {**HEADERS, "Authorization": f"Bearer {token}"}}


@each_vendor
def test_what_is_said_to_be_served_is(sandbox: Sandbox, vendor: Coverage) -> None:
    account = sandbox.account(vendor.vendor, size=3)
    how = {"timeout": 10, "allow_redirects": False, **signed(account)}
    root = account.url.partition(f"/{vendor.vendor}")[0] + f"/{vendor.vendor}"
    nowhere = requests.get(f"{root}{vendor.api}/no/such/address/at/all", **how)
    known = {"{OrgId}": str(account.credentials.get("org_id")), "{actionType}": "letter"}

    for method, path in sorted(call for line in vendor.lines() for call in line.served):
        place = re.sub(r"{\w+}", lambda name: known.get(name[0], "1"), vendor.place(method, path) or "")
        told = requests.request(method, root + place, json=None if method == "GET" else {}, **how)

        assert told.status_code != 405, f"{method} {path}"
        assert (told.status_code, told.text) != (404, nowhere.text), f"{method} {path}"
