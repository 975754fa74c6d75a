"""Nobody is subscribed whom no status subscribed, and an opt-out stays one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.consent import BLOCKED, IN, NOT_READ, OUT, Channel, Keeps, RequestedConsent
from target_osdi_crm.decide.consent import Policy
from target_osdi_crm.rejects import Rejection


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network")


def person(status: str | None = None, **more: Any) -> dict[str, Any]:
    email = {"address": "ada@example.org"} | ({"status": status} if status else {})
    return {"id": "1", "given_name": "Ada", "email_addresses": [email], **more}


def status(account: Account, field: str = "email_addresses") -> str:
    (stored,) = account.records("people")
    return str(stored[field][0]["status"])


def existing(account: Account, status: str) -> None:
    account.insert("people", [{"email_addresses": [{"primary": True, "address": "ada@example.org", "status": status}]}])


@pytest.mark.parametrize("setting", [None, "unsubscribed", "subscribed"])
def test_a_new_person_of_any_vendor_is_not_subscribed_unless_the_setting_says_so(
    case: Any, target: Any, setting: str | None
) -> None:
    more = {"new_person_consent": setting} if setting else {}

    done = target.write(case.account, case.people, case.person(1), **more)

    assert done.code == 0, done.log
    assert case.is_subscribed() == (setting == "subscribed")
    assert done.by(case.people, "consent") == {"email defaulted": 1}


@pytest.mark.parametrize("subscribed", [True, False])
def test_the_status_of_a_new_person_of_any_vendor_is_the_records(case: Any, target: Any, subscribed: bool) -> None:
    opposite = {"new_person_consent": "unsubscribed" if subscribed else "subscribed"}

    done = target.write(case.account, case.people, case.person(1, subscribed=subscribed), **opposite)

    assert done.code == 0, done.log
    assert case.is_subscribed() == subscribed


def test_a_record_without_a_status_touches_nobodys_at_any_vendor(case: Any, target: Any) -> None:
    case.insert("n1@example.org")

    done = target.write(case.account, case.people, case.person(1, family="New"))

    assert done.count(case.people, "updated") == 1
    assert case.is_subscribed()


def test_an_opt_out_reaches_any_vendor_and_is_reversed_only_if_allowed(case: Any, target: Any) -> None:
    case.insert("n1@example.org")
    back = case.person(1, subscribed=True, family="Back")

    target.write(case.account, case.people, case.person(1, subscribed=False))
    out = case.is_subscribed()
    withheld = target.write(case.account, case.people, back)
    still_out, name = case.is_subscribed(), case.shown()[0]["family"]
    target.write(case.account, case.people, back, allow_resubscribe=True)

    assert (out, still_out, case.is_subscribed()) == (False, False, True)
    assert (withheld.by(case.people, "consent"), name) == ({"email withheld": 1}, "Back")


def test_an_opt_out_counts_at_any_vendor_though_its_record_is_no_good(case: Any, target: Any) -> None:
    bad = {"type": "RECORD", "stream": case.people, "record": case.person(1, subscribed=False)}
    good = case.record("other", "N1@Example.org", subscribed=True, **{case.given: "Ann"})

    first = target(case.account, [target.schema(case.people, **{case.given: {"type": "integer"}}), bad])
    done = target.write(case.account, case.people, good)

    assert (first.code, done.code) == (3, 0), done.log
    assert not case.is_subscribed()


@pytest.mark.parametrize("says", [{}, {"subscribed": True}])
@pytest.mark.parametrize("allowed", [False, True])
def test_an_address_that_opted_out_stays_so_at_any_vendor_when_somebody_else_gets_it(
    case: Any, target: Any, says: dict[str, bool], allowed: bool
) -> None:
    target.write(case.account, case.people, case.record("b", "b@example.org", subscribed=False), mode="update")
    target.write(case.account, case.people, case.record("a", "a@example.org", subscribed=True))
    case.account.clear_log()

    done = target.write(case.account, case.people, case.record("a", "b@example.org", **says), allow_resubscribe=allowed)

    assert done.code == 0, done.log
    assert case.is_subscribed() == allowed, "the person was subscribed"


def test_an_opt_out_wins_over_another_record_of_the_same_run_at_any_vendor(case: Any, target: Any) -> None:
    out, into = ({**case.person(1, subscribed=which), case.key: f"k{which}"} for which in (False, True))

    done = target.write(case.account, case.people, out, into)

    assert done.code == 0, done.log
    assert not case.is_subscribed()


@pytest.mark.parametrize(
    ("setting", "expected"),
    [(None, "unsubscribed"), ("unsubscribed", "unsubscribed"), ("subscribed", "subscribed")],
)
def test_a_new_person_without_a_status_gets_what_the_setting_says(
    account: Account, target: Any, setting: str | None, expected: str
) -> None:
    more = {"new_person_consent": setting} if setting else {}

    done = target.write(account, "people", person(phone="2025550143"), **more)

    assert done.code == 0, done.log
    assert status(account) == expected
    assert status(account, "phone_numbers") == expected
    assert done.by("people", "consent") == {"email defaulted": 1, "phone defaulted": 1}


def test_a_new_person_without_a_status_is_rejected_if_the_setting_says_so(account: Account, target: Any) -> None:
    done = target.write(account, "people", person(), new_person_consent="reject")

    assert done.code == 3
    assert done.rejects[0]["reason"] == "no consent status"
    assert account.records("people") == []
    assert target.write(account, "people", person()).code == 0, "another setting gives it another chance"
    assert status(account) == "unsubscribed"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("subscribed", "subscribed"),
        ("unsubscribed", "unsubscribed"),
        ("bouncing", "unsubscribed"),
        ("spam complaint", "unsubscribed"),
        ("previous bounce", "unsubscribed"),
        ("previous spam complaint", "unsubscribed"),
    ],
)
def test_a_new_person_gets_the_status_the_record_carries_or_a_safer_one(
    account: Account, target: Any, given: str, expected: str
) -> None:
    done = target.write(account, "people", person(given), new_person_consent="subscribed")

    assert done.code == 0, done.log
    assert status(account) == expected


@pytest.mark.parametrize("there", ["subscribed", "unsubscribed", "bouncing", "spam complaint"])
def test_a_record_without_a_status_touches_nobodys(account: Account, target: Any, there: str) -> None:
    existing(account, there)

    done = target.write(account, "people", person())

    assert done.code == 0, done.log
    assert status(account) == there
    assert account.records("people")[0]["given_name"] == "Ada"


def test_an_opt_out_reaches_an_existing_person(account: Account, target: Any) -> None:
    existing(account, "subscribed")

    done = target.write(account, "people", person("unsubscribed"))

    assert status(account) == "unsubscribed"
    assert done.by("people", "consent") == {"email unsubscribed": 1}


@pytest.mark.parametrize("allowed", [False, True])
def test_an_opt_out_is_reversed_only_if_allowed_and_the_rest_is_applied(
    account: Account, target: Any, allowed: bool
) -> None:
    existing(account, "unsubscribed")

    done = target.write(account, "people", person("subscribed"), allow_resubscribe=allowed)

    assert done.code == 0, done.log
    assert account.records("people")[0]["given_name"] == "Ada"
    assert status(account) == ("subscribed" if allowed else "unsubscribed")
    assert done.by("people", "consent") == {f"email {'subscribed' if allowed else 'withheld'}": 1}


@pytest.mark.parametrize("there", ["bouncing", "previous bounce", "spam complaint", "previous spam complaint"])
def test_bounces_and_complaints_are_never_reversed(account: Account, target: Any, there: str) -> None:
    existing(account, there)

    done = target.write(account, "people", person("subscribed"), allow_resubscribe=True)

    assert done.code == 0, done.log
    assert status(account) == there
    assert done.by("people", "consent") == {"email withheld": 1}


def test_somebody_who_opted_out_in_the_crm_is_not_subscribed_by_the_next_change(account: Account, target: Any) -> None:
    target.write(account, "people", person("subscribed"))
    assert status(account) == "subscribed"
    (stored,) = account.records("people")
    left = [{"primary": True, "address": "ada@example.org", "status": "unsubscribed"}]
    account.change("people", [stored["identifiers"][0].removeprefix("action_network:")], email_addresses=left)
    account.clear_log()

    done = target.write(account, "people", person("subscribed", family_name="Changed"))

    assert done.code == 0, done.log
    assert status(account) == "unsubscribed"
    assert done.by("people", "consent") == {"email withheld": 1}
    assert account.counters()["calls"] == 1, "the reply tells; nobody was asked first"


def test_an_address_that_is_new_to_a_known_person_is_not_subscribed(account: Account, target: Any) -> None:
    target.write(account, "people", {"id": "1", "phone": "2025550143"})

    done = target.write(account, "people", {"id": "1", "phone": "2025550143", "email": "ada@example.org"})

    assert done.code == 0, done.log
    assert status(account) == "unsubscribed"
    assert done.by("people", "consent") == {"email defaulted": 1}


def test_an_opt_out_wins_over_another_record_of_the_same_run(account: Account, target: Any) -> None:
    out, into = {**person("unsubscribed"), "id": "1"}, {**person("subscribed"), "id": "2"}

    done = target.write(account, "people", out, into)

    assert done.code == 0, done.log
    assert status(account) == "unsubscribed"
    assert done.by("people", "consent") == {"email unsubscribed": 1, "email withheld": 1}


def test_an_opt_out_that_could_not_be_written_still_wins(account: Account, target: Any) -> None:
    target.write(account, "people", {**person("unsubscribed"), "id": "1"}, mode="update")
    assert account.records("people") == []

    done = target.write(account, "people", {**person("subscribed"), "id": "2"})

    assert status(account) == "unsubscribed"
    assert done.by("people", "consent") == {"email withheld": 1}

    again = target.write(account, "people", {**person("subscribed"), "id": "2"}, allow_resubscribe=True)

    assert status(account) == "subscribed"
    assert again.by("people", "consent") == {"email subscribed": 1}


def test_an_unknown_status_is_a_rejection(account: Account, target: Any) -> None:
    done = target.write(account, "people", person("maybe"))

    assert done.code == 3
    assert done.rejects[0]["reason"] == "unknown status"
    assert account.counters()["calls"] == 0


wishes = st.builds(RequestedConsent, st.sampled_from([(), ("a@example.org",)]), st.sampled_from([None, IN, OUT]))
channels = st.builds(Channel, st.sampled_from(Keeps), st.booleans(), st.booleans())
states = st.sampled_from([None, IN, OUT, BLOCKED, NOT_READ])
policies = st.builds(Policy, st.sampled_from(["reject", OUT, IN]), st.booleans(), st.booleans())


@given(channels, wishes, states, policies, st.booleans())
def test_a_subscription_needs_a_status_or_a_setting_and_no_opt_out(
    channel: Channel, wish: RequestedConsent, state: str | None, policy: Policy, opted_out: bool
) -> None:
    try:
        decisions = [
            policy.for_new(channel, wish, opted_out=opted_out),
            policy.for_known(channel, wish, state, opted_out=opted_out),
        ]
    except Rejection:
        assert policy.new_person == "reject"
        return
    for decision in decisions:
        if decision.status == IN:
            assert wish.status == IN or (wish.status is None and policy.new_person == IN)
            assert policy.allow_resubscribe or not opted_out
    if state in {BLOCKED, NOT_READ}:
        assert decisions[1].status != IN
    if state == OUT and not policy.allow_resubscribe:
        assert decisions[1].status is None
