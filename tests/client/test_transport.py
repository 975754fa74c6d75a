"""How calls leave the machine: by the proxy and with the certificates that its environment names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from osdi_crm_client.account import Account
from osdi_crm_client.errors import AlreadyExists, Refused, Unreachable
from osdi_crm_client.vendors import action_network
from osdi_crm_sandbox.control import Sandbox

URL = "http://vendor.invalid/action_network/api/v2"


def reaching(sandbox: Sandbox, tap: Any) -> Account:
    """An account at an address that only a proxy knows; the sandbox takes the part of the proxy too."""
    return Account({**tap.settings(sandbox.account("action_network", size=3)), "action_network_api_url": URL})


def test_calls_go_by_the_proxy_of_the_environment(sandbox: Sandbox, tap: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", sandbox.url)

    answer = reaching(sandbox, tap).call("GET", "people", repeatable=True)

    assert len(answer.json()["_embedded"]["osdi:people"]) == 3


def test_calls_pass_by_a_proxy_where_the_environment_says_so(
    sandbox: Sandbox, tap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    monkeypatch.setenv("http_proxy", sandbox.url)
    monkeypatch.setenv("no_proxy", "vendor.invalid")

    with pytest.raises(Unreachable):
        reaching(sandbox, tap).call("GET", "people", repeatable=True)


def test_no_more_calls_are_under_way_than_may_be_however_many_threads_make_them(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("rally_congress", size=3, latency=0.03)
    client = Account(tap.settings(account))

    with ThreadPoolExecutor(8) as threads:
        for _ in range(8):
            threads.submit(client.call, "GET", "supporters", repeatable=True)

    assert client.most_in_flight == 1
    assert account.counters()["statuses"] == {"200": 8}
    assert account.counters()["overlaps"] == 0


def test_a_place_is_held_for_all_that_its_thread_does(sandbox: Sandbox, tap: Any) -> None:
    client = Account(tap.settings(sandbox.account("rally_congress", size=3)))

    with client.concurrency.held():
        assert client.call("GET", "supporters", repeatable=True).status_code == 200
    assert client.call("GET", "supporters", repeatable=True).status_code == 200


@pytest.mark.parametrize("body", [{"error": "email is taken", "id": 7}, {"error": "email is taken"}, "holds"], ids=str)
def test_an_answer_that_what_is_created_exists_tells_its_id_as_data(
    sandbox: Sandbox, tap: Any, monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    def existing_id(body: Any) -> str | None:
        return str(body["id"]) if isinstance(body, dict) and "id" in body else None

    monkeypatch.setattr(action_network, "VENDOR", replace(action_network.VENDOR, existing_id=existing_id))
    account = sandbox.account("action_network", size=3)
    account.fault(do="status", status=409, body=body)

    with pytest.raises(Refused) as refused:
        Account(tap.settings(account)).call("POST", "people", json={}, repeatable=False)
    assert isinstance(refused.value, AlreadyExists) == (existing_id(body) is not None)
    assert getattr(refused.value, "vendor_id", None) == existing_id(body)
