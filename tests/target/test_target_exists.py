"""A create that is refused because the record exists, with its id, goes on as if a search had found the record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from osdi_crm_client.vendors import nationbuilder
from osdi_crm_sandbox.control import Account, Sandbox

SURVEY = {"id": "s1", "name": "Doors", "status": "published"}


@pytest.fixture
def account(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Account:
    vendor = replace(nationbuilder.VENDOR, existing_id=lambda body: body.get("existing_id"))
    monkeypatch.setattr(nationbuilder, "VENDOR", vendor)
    return sandbox.account("nationbuilder")


def existing(account: Account) -> str:
    """A survey that no search finds by the name of ours; its id, which a create is refused with."""
    [made] = account.insert("surveys", [{"attributes": {"name": "Old"}}])
    account.fault(do="status", status=409, method="POST", path="/surveys$", body={"existing_id": made["id"]}, times=1)
    return str(made["id"])


def names(account: Account) -> list[str]:
    return [each["attributes"]["name"] for each in account.records("surveys")]


def test_it_is_updated_under_that_id(account: Account, target: Any) -> None:
    existing(account)

    done = target.write(account, "surveys", SURVEY)
    again = target.write(account, "surveys", {**SURVEY, "name": "Streets"})

    assert (done.code, again.code) == (0, 0), done.log
    assert (done.count("surveys", "created"), done.count("surveys", "updated")) == (0, 1)
    assert names(account) == ["Streets"]


def test_it_is_left_alone_where_only_new_ones_are_written(account: Account, target: Any) -> None:
    existing(account)

    done = target.write(account, "surveys", SURVEY, mode="create")

    assert done.code == 0, done.log
    assert done.by("surveys", "skipped") == {"exists already": 1}
    assert names(account) == ["Old"]
