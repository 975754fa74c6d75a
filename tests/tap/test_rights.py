"""A stream that the credentials may not read is left out with a warning; credentials that are no good end the run."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox

BARRED = [
    ("action_network", "/petitions(/[^/]+/signatures)?$", ("petitions", "signatures"), "tags"),
    ("action_network", "/signatures$", ("signatures",), "petitions"),
    ("nationbuilder", "/lists(/\\d+/list_signups)?$", ("lists", "list_signups"), "signups"),
    ("nationbuilder", "/donations$", ("donations",), "signups"),
    ("i360", "/Users$", ("users",), "volunteers"),
    ("i360", "/Notes$", ("volunteer_notes",), "volunteers"),
    ("rally_congress", "/supporters$", ("supporters", "supporter_phones"), "campaigns"),
    ("rally_congress", "/campaigns/[^/]+/.+$", ("campaign_actions",), "campaigns"),
    ("crowdskout", "/attribute$", ("attributes",), "profiles"),
    ("crowdskout", "/segment/scan$", ("profiles", "knocks"), "attributes"),
]


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(("vendor", "path", "barred", "other"), BARRED, ids=str)
def test_a_barred_stream_is_left_out(
    sandbox: Sandbox, tap: Any, vendor: str, path: str, barred: tuple[str, ...], other: str, status: int
) -> None:
    account = sandbox.account(vendor, size=30)
    account.fault(do="status", status=status, path=path)
    config = tap.settings(account, unconfirmed_streams=True)

    run = tap(config, *barred, other)

    assert run.code == 0, run.log
    assert run.records(other)
    assert not any(run.records(name) for name in barred)
    for name in barred:
        assert sum(f"'{name}'" in line for line in run.log.splitlines() if "left out" in line) == 1, run.log


@pytest.mark.parametrize(("vendor", "path", "barred", "other"), BARRED[::2], ids=str)
def test_an_estimate_leaves_it_out_too(
    sandbox: Sandbox, tap: Any, vendor: str, path: str, barred: tuple[str, ...], other: str
) -> None:
    account = sandbox.account(vendor, size=30)
    account.fault(do="status", status=403, path=path)

    run = tap(tap.settings(account, unconfirmed_streams=True, estimate=True), *barred, other)

    assert run.code == 0, run.log
    assert f"\n{other} " in run.log


@pytest.mark.parametrize("vendor", ["action_network", "nationbuilder", "i360", "rally_congress", "crowdskout"])
def test_credentials_that_are_accepted_for_nothing_end_the_run(sandbox: Sandbox, tap: Any, vendor: str) -> None:
    account = sandbox.account(vendor, size=30)
    account.fault(do="status", status=401, path="^(?!.*/token$)")
    barred, other = next((barred, other) for name, _, barred, other in BARRED if name == vendor)

    run = tap(tap.settings(account, unconfirmed_streams=True), *barred, other)

    assert run.code == 1
    assert "Check the setting" in run.log.splitlines()[-1]
    assert f"'{vendor}_" in run.log.splitlines()[-1]


@pytest.mark.parametrize(("vendor", "path", "barred", "other"), BARRED[1::2], ids=str)
def test_a_stream_that_is_not_there_is_left_out(
    sandbox: Sandbox, tap: Any, vendor: str, path: str, barred: tuple[str, ...], other: str
) -> None:
    account = sandbox.account(vendor, size=30)
    account.fault(do="status", status=404, path=path)

    run = tap(tap.settings(account, unconfirmed_streams=True), other, *barred)

    assert run.records(other)
    assert "Traceback" not in run.log
    assert run.code == 0, run.log


def test_a_wrong_address_ends_the_run(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("nationbuilder", size=3)
    account.fault(do="status", status=404)

    run = tap(tap.settings(account), "signups", "donations")

    assert run.code == 1
    assert "there is nothing at this address" in run.log.splitlines()[-1]
