"""What is tried again, and what is not, and what is said about it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from osdi_crm_client import errors
from osdi_crm_client.account import Account as Client
from osdi_crm_client.retry import worth_another_try
from osdi_crm_sandbox.control import Account


@pytest.mark.parametrize(
    ("kind", "repeatable", "once_only"),
    [
        (errors.Unavailable, True, True),
        (errors.Fault, True, False),
        (errors.NoAnswer, True, False),
        (errors.Garbled, True, False),
        (errors.Refused, False, False),
        (errors.NotFound, False, False),
        (errors.NotSignedIn, False, False),
        (errors.ForeignOrigin, False, False),
    ],
)
def test_which_errors_are_worth_another_try(kind: type[errors.VendorError], repeatable: bool, once_only: bool) -> None:
    error = kind("why", method="POST", path="/people")

    assert worth_another_try(error, repeatable=True) is repeatable
    assert worth_another_try(error, repeatable=False) is once_only


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def test_that_a_call_is_made_again_is_said_once_for_all_that_wait_and_names_nobody(
    account: Account, tap: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osdi_crm_client.retry.SECONDS_BETWEEN_LINES", 600)
    account.fault(do="status", status=503, headers={"Retry-After": "2"}, times=4, path="/signups")
    client = Client(tap.settings(account))
    asked = {"filter[email]": "ada@example.org"}

    with ThreadPoolExecutor() as several:
        for _ in range(4):
            several.submit(client.call, "GET", "signups", params=asked, repeatable=True)

    assert account.counters()["statuses"] == {"503": 4, "200": 4}
    assert warnings(caplog) == [
        "NationBuilder: the vendor is not available (HTTP 503); GET is tried again in 2 s.",
    ]


def test_that_nobody_answers_is_said_while_it_is_tried(
    account: Account, tap: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 2)
    client = Client(tap.settings(account, nationbuilder_api_url="http://127.0.0.1:1"))

    with pytest.raises(errors.Unreachable):
        client.call("GET", "signups/17", repeatable=True)

    [said] = warnings(caplog)
    assert said.startswith(
        "NationBuilder: no connection to http://127.0.0.1:1 could be made; GET is tried again in 1 s"
    )
