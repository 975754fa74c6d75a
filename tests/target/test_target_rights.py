"""What the credentials may not do is left out, stream by stream; credentials that are no good end the run."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_client.vendor import vendor
from osdi_crm_sandbox.control import Sandbox
from target_osdi_crm.apply.rights import MOST_REFUSALS

MANY = 25


def created(case: Any) -> list[Any]:
    method, path = case.creates
    return [call for call in case.writes() if call["method"] == method and call["path"].endswith(path.rstrip("$"))]


@pytest.mark.parametrize("status", [401, 403])
def test_a_creation_that_is_barred_costs_a_few_calls_and_comes_again(case: Any, target: Any, status: int) -> None:
    account, people = case.account, [case.person(number) for number in range(MANY)]
    method, path = case.creates
    account.fault(do="status", status=status, method=method, path=path)

    barred = target.write(account, case.people, *people)
    calls = len(created(case))
    account.clear_faults()
    after = target.write(account, case.people, *people)

    assert (barred.code, barred.count(case.people, "rejected")) == (3, MANY), barred.log
    assert {(reject["code"], reject["reason"]) for reject in barred.rejects} == {("not_allowed", "not allowed")}
    assert "the credentials are good, but may not do this" in barred.log
    assert f"The credentials may not create {case.people} (HTTP 40" in barred.log
    assert calls <= 2 * (MOST_REFUSALS + vendor(case.vendor).in_flight)  # a token may be renewed
    assert (after.code, after.count(case.people, "created")) == (0, MANY), after.log


def test_a_refusal_about_one_record_is_that_records(case: Any, target: Any) -> None:
    method, path = case.creates
    case.account.fault(do="status", status=403, method=method, path=path, times=1)

    run = target.write(case.account, case.people, *(case.person(number) for number in range(6)))

    assert (run.code, run.count(case.people, "created"), run.count(case.people, "rejected")) == (3, 5, 1), run.log


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_are_accepted_for_nothing_end_the_run(case: Any, target: Any, status: int) -> None:
    account, people = case.account, [case.person(number) for number in range(MANY)]
    account.fault(do="status", status=status, path="^(?!.*/token$)")

    refused = target.write(account, case.people, *people)
    account.clear_faults()
    after = target.write(account, case.people, *people)

    assert refused.code == 1
    assert "Check the setting" in refused.log
    assert f"'{case.vendor}_" in refused.log
    assert refused.count(case.people, "rejected") == 0
    assert account.counters()["calls"] < 8 * MANY
    assert (after.code, after.count(case.people, "created")) == (0, MANY), after.log


def test_look_ups_that_are_barred_reject_what_needs_them(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("nationbuilder", size=0)
    account.fault(do="status", status=401, method="GET", path="/signups$")
    signups = [{"id": number, "email": f"n{number}@example.org"} for number in range(MANY)]
    tags = [{"id": number, "name": f"tag {number}"} for number in range(5)]

    run = target(account, [*target.messages("signups", *signups), *target.messages("signup_tags", *tags)])

    assert run.code == 3, run.log
    assert (run.count("signups", "rejected"), run.count("signup_tags", "created")) == (MANY, 5)
    looked = [call for call in account.log() if call["path"].endswith("/signups")]
    assert len(looked) <= MOST_REFUSALS + vendor("nationbuilder").in_flight


def test_a_barred_deletion_does_not_end_creations(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("nationbuilder", size=0)
    people = [{"id": number, "email": f"n{number}@example.org"} for number in range(12)]
    tagged = [{"id": number, "signup_id": number, "tag_id": 1} for number in range(12)]
    untagged = [{**each, "_sdc_deleted_at": "2026-01-01T00:00:00Z"} for each in tagged[:6]]
    before = [*target.messages("signups", *people), *target.messages("signup_tags", {"id": 1, "name": "vol"})]
    assert target(account, [*before, *target.messages("signup_taggings", *tagged[:6])]).code == 0
    account.fault(do="status", status=401, method="DELETE")

    run = target(account, target.messages("signup_taggings", *untagged, *tagged[6:]), allow_delete=True)

    assert run.code == 3, run.log
    assert (run.count("signup_taggings", "rejected"), run.count("signup_taggings", "created")) == (6, 6), run.log
