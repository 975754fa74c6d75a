"""What the target sends to Rally Congress, above all what it never sends twice, and how it takes the answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.apply.rights import MOST_REFUSALS
from target_osdi_crm.rejects import sentence
from target_osdi_crm.vendors import rally_congress


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("rally_congress")


def posts(account: Account, path: str = "") -> list[dict[str, Any]]:
    return [call for call in account.log() if call["method"] == "POST" and path in call["path"]]


def person(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"p{number}", "firstName": f"Name{number}", "email": f"n{number}@example.org", **more}


ADDRESS = {"addressType": "home", "street1": "1 Main St", "city": "Springfield", "state": "IL", "zipcode": "62701"}


def test_a_supporter_is_created_once_then_updated_and_then_left_alone(account: Account, target: Any) -> None:
    one = person(1, customId="CRM1", addresses=[ADDRESS], phones=[{"telephone": "(202) 555-0143"}])

    created = target.write(account, "supporters", one)
    changed = target.write(account, "supporters", {**one, "lastName": "New"})
    account.clear_log()
    again = target.write(account, "supporters", {**one, "lastName": "New"})

    assert created.code == changed.code == again.code == 0, created.log + changed.log
    assert created.count("supporters", "created") == changed.count("supporters", "updated") == 1
    assert again.count("supporters", "unchanged") == 1
    assert account.log() == []
    (stored,) = account.records("supporters")
    assert stored["lastName"] == "New"
    assert stored["customId"] == "CRM1"
    assert stored["emailOptin"] == "unsubscribed"
    assert stored["addresses"][0]["street1"] == "1 Main St"


def test_a_supporter_whom_a_search_that_lags_does_not_show_is_tried_again(account: Account, target: Any) -> None:
    moved = {"response": [{"id": "9", "email": "moved@example.org"}]}
    account.fault(do="status", status=200, body=moved, method="GET", path="/supporters", times=1)

    first = target.write(account, "supporters", person(1))
    second = target.write(account, "supporters", person(1))

    assert [each["code"] for each in first.rejects] == ["search_not_understood"]
    assert second.code == 0
    assert second.count("supporters", "created") == 1


def test_the_same_load_with_an_empty_journal_changes_nothing(account: Account, target: Any) -> None:
    records = [person(number, customId=f"C{number}", emailOptin="yes") for number in range(5)]
    target.write(account, "supporters", *records)
    account.clear_log()

    done = target.write(account, "supporters", *records, journal=str(target.folder / "other.db"))

    assert done.code == 0, done.log
    assert done.count("supporters", "unchanged") == 5
    assert posts(account) == []


@pytest.mark.parametrize("style", ["camel", "lower", "bracket"])
def test_a_form_is_spelled_as_the_setting_says(sandbox: Sandbox, account: Account, target: Any, style: str) -> None:
    account.set(form_key_style=style)
    one = person(1, phones=[{"telephone": "2025550143"}], addresses=[ADDRESS, {**ADDRESS, "addressType": "work"}])

    done = target.write(account, "supporters", one, rally_congress_form_key_style=style)

    assert done.code == 0, done.log
    (stored,) = account.records("supporters")
    assert stored["phones"] == [{"telephone": "2025550143"}]
    assert [each["addressType"] for each in stored["addresses"]] == ["home", "work"][: 2 if style == "bracket" else 1]
    withheld = {} if style == "bracket" else {"further addresses": 1}
    assert done.by("supporters", "withheld") == withheld


def test_a_form_that_the_vendor_does_not_understand_is_a_failure(account: Account, target: Any) -> None:
    account.set(form_key_style="bracket")

    done = target.write(account, "supporters", person(1, addresses=[ADDRESS]))

    assert done.code == 3
    assert done.rejects[0]["reason"] in {"the vendor refused", "not applied"}


def test_flat_columns_arrive_where_they_belong(account: Account, target: Any) -> None:
    row = {"ID": 1, "EMAIL": "a@example.org", "FIRST_NAME": "Ada", "STREET": "1 Main St", "CITY": "Springfield"}
    row |= {"STATE": "IL", "ZIP": "62701", "PHONE": "2025550143", "EMAIL_OPTIN": "yes"}

    done = target(account, target.messages("supporters", row, key=["ID"]))

    assert done.code == 0, done.log
    (stored,) = account.records("supporters")
    assert stored["firstName"] == "Ada"
    assert stored["emailOptin"] == "yes"
    assert stored["addresses"][0]["street1"] == "1 Main St"
    assert stored["phones"] == [{"telephone": "2025550143"}]


def test_what_is_missing_in_an_incomplete_supporter_is_reported(account: Account, target: Any) -> None:
    account.set(supporter_needs=["zipcode", "lastName"])

    done = target.write(account, "supporters", person(1))

    assert done.code == 3
    (reject,) = done.rejects
    assert (reject["reason"], reject["status"]) == ("incomplete", 202)
    assert "zipcode, lastName" in reject["words"]
    assert account.records("supporters") == []
    whole = target.write(account, "supporters", person(1, lastName="Lo", addresses=[ADDRESS]))
    assert whole.code == 0, whole.log
    assert whole.count("supporters", "created") == 1


def test_a_refusal_is_kept_with_the_vendors_words(account: Account, target: Any) -> None:
    done = target.write(account, "supporters", person(1, addresses=[{**ADDRESS, "zipcode": "x"}]), person(2))

    assert done.code == 3
    assert done.rejects[0]["words"] == "Zipcode is not valid"
    assert [each["email"] for each in account.records("supporters")] == ["n2@example.org"]


def test_an_email_and_a_custom_id_of_two_supporters_are_rejected_with_both(account: Account, target: Any) -> None:
    shown = account.insert(
        "supporters", [{"email": "n1@example.org"}, {"email": "other@example.org", "customId": "C1"}]
    )

    done = target.write(account, "supporters", person(1, customId="C1"))

    assert done.code == 3
    assert done.rejects[0]["reason"] == "more than one match"
    assert all(each["id"] in done.rejects[0]["words"] for each in shown)
    assert posts(account) == []


# Consent


@pytest.mark.parametrize("there", ["no", "unsubscribed", "spam"])
def test_nobody_who_opted_out_is_subscribed_again_unless_allowed(account: Account, target: Any, there: str) -> None:
    account.insert("supporters", [{"email": "n1@example.org", "emailOptin": there}])

    withheld = target.write(account, "supporters", person(1, emailOptin="yes"))

    assert withheld.code == 0, withheld.log
    (stored,) = account.records("supporters")
    assert (stored["firstName"], stored["emailOptin"]) == ("Name1", there)
    assert withheld.by("supporters", "consent") == {"email withheld": 1}
    target.write(account, "supporters", person(1, emailOptin="yes", lastName="Lo"), allow_resubscribe=True)
    assert account.records("supporters")[0]["emailOptin"] == ("spam" if there == "spam" else "yes")


@pytest.mark.parametrize(
    ("there", "given", "then"),
    [
        ("not_collected", "yes", "yes"),
        ("not_collected", None, "not_collected"),
        ("not_collected", "no", "unsubscribed"),
        ("pending", "yes", "pending"),
        ("yes", None, "yes"),
        ("yes", "not_collected", "yes"),
        ("yes", "spam", "unsubscribed"),
    ],
)
def test_a_known_supporters_status_changes_only_as_the_record_says(
    account: Account, target: Any, there: str, given: str | None, then: str
) -> None:
    account.insert("supporters", [{"email": "n1@example.org", "emailOptin": there}])

    done = target.write(account, "supporters", person(1, emailOptin=given))

    assert done.code == 0, done.log
    assert account.records("supporters")[0]["emailOptin"] == then


def test_post_mode_needs_a_status_in_every_record_and_leave_to_resubscribe(account: Account, target: Any) -> None:
    refused = target.as_command(account, target.messages("supporters", person(1)), rally_congress_upsert_mode="post")
    assert refused.code == 1
    assert "With 'rally_congress_upsert_mode' 'post'" in refused.log
    assert "'allow_resubscribe'" in refused.log
    assert "Traceback" not in refused.log
    account.insert("supporters", [{"email": "n1@example.org"}])
    how = {"rally_congress_upsert_mode": "post", "allow_resubscribe": True}

    done = target.write(account, "supporters", person(1, emailOptin="yes"), person(2), **how)

    assert done.code == 3
    assert [each["reason"] for each in done.rejects] == ["no consent status"]
    assert [call["method"] for call in account.log()] == ["POST"]
    assert done.by("supporters", "created") == {"was there already: the vendor knew the e-mail address": 1}


# Answers that never come


@pytest.mark.parametrize("how", ["cut_before", "cut_after", "malformed", "empty"])
def test_a_supporter_whose_answer_is_lost_is_looked_up_and_not_repeated(
    account: Account, target: Any, how: str
) -> None:
    account.fault(do=how, method="POST", path="/supporters$", times=1)

    done = target.write(account, "supporters", person(1))

    assert done.code == 0, done.log
    assert len(account.records("supporters")) == 1
    assert len(posts(account, "/supporters")) == (2 if how in {"cut_before", "empty"} else 1)


def test_answers_with_more_around_the_supporter_are_understood(account: Account, target: Any) -> None:
    there = {"id": "7", "email": "n1@example.org", "firstName": "Name1", "emailOptin": "yes"}
    account.fault(do="status", status=200, method="GET", body={"supporters": [], "errors": []})
    account.fault(do="status", status=201, method="POST", body={"supporters": [there], "errors": []})

    done = target.write(account, "supporters", person(1, emailOptin="yes"))

    assert done.code == 0, done.log
    assert done.count("supporters", "created") == 1


def test_one_call_at_a_time(account: Account, target: Any) -> None:
    done = target.write(account, "supporters", *(person(number) for number in range(20)))

    assert done.code == 0, done.log
    assert account.counters()["overlaps"] == 0


@pytest.mark.parametrize("options", [{}, {"wrapped": True, "records_key": "people"}], ids=["path", "records path"])
def test_supporters_that_stand_elsewhere_are_written_with_the_setting_alone(
    account: Account, target: Any, options: dict[str, Any]
) -> None:
    account.set(moved={"/people": "/supporters"}, **options)
    how = {"rally_congress_supporters_path": "people"}
    account.fault(do="cut_after", method="POST", path="/people$", times=1)

    lost = target.write(account, "supporters", person(1))
    created = target.write(account, "supporters", person(1), retry_rejected=True, **how)
    updated = target.write(account, "supporters", person(1, lastName="Lo"), **how)
    anew = target.write(account, "supporters", person(1, lastName="Lo"), journal=str(target.folder / "o.db"), **how)

    assert lost.code == 3
    assert created.code == updated.code == anew.code == 0, created.log
    assert updated.count("supporters", "updated") == anew.count("supporters", "unchanged") == 1
    assert [each["lastName"] for each in account.records("supporters")] == ["Lo"]


# Letters


@pytest.fixture
def letter(account: Account) -> dict[str, Any]:
    (campaign,) = account.insert("campaigns", [{"title": "Parks"}])
    return {
        "id": "l1",
        "campaignId": campaign["campaignId"],
        "actionType": "letter",
        "prefix": "Other",
        "firstname": "Pat",
        "lastname": "Example",
        "street": "1 Main St",
        "city": "Washington",
        "state": "DC",
        "zipcode": "20002",
        "phone": "2025550100",
        "email": "pat@example.org",
        "subject": "Parks",
        "message": "Please keep them.",
    }


ALLOWED = {"rally_congress_allow_letters": True}
DELIVERED = {**ALLOWED, "rally_congress_deliver_letters": True}


def test_no_letter_is_sent_by_default(account: Account, target: Any, letter: dict[str, Any]) -> None:
    done = target.write(account, "messages", letter)

    assert done.code == 3
    assert done.rejects[0]["reason"] == "letters are not allowed"
    assert "'rally_congress_allow_letters'" in done.rejects[0]["words"]
    assert account.log() == []


def test_a_letter_is_not_delivered_unless_that_is_asked_for(
    account: Account, target: Any, letter: dict[str, Any]
) -> None:
    done = target.write(account, "messages", letter, **ALLOWED)

    assert done.code == 0, done.log
    (sent,) = account.records("letters")
    assert (sent["mode"], sent["delivered"]) == ("no_delivery", False)
    assert sent["message"] == "Please keep them."
    assert done.by("messages", "created") == {"accepted, not delivered": 1}


def test_a_letter_is_delivered_where_that_is_asked_for_but_not_if_it_says_no(
    account: Account, target: Any, letter: dict[str, Any]
) -> None:
    done = target.write(account, "messages", letter, {**letter, "id": "l2", "mode": "no_delivery"}, **DELIVERED)

    assert done.code == 0, done.log
    assert [each["delivered"] for each in account.records("letters")] == [True, False]


@pytest.mark.parametrize("ids_are_ours", [False, True])
def test_a_letter_is_sent_once_whatever_changes(
    account: Account, target: Any, letter: dict[str, Any], ids_are_ours: bool
) -> None:
    more = {"ids_are_this_accounts": ids_are_ours}
    assert target.write(account, "messages", letter, **ALLOWED, **more).code == 0

    same = target.write(account, "messages", letter, **ALLOWED, **more)
    changed = target.write(account, "messages", {**letter, "message": "Other words"}, **ALLOWED, **more)
    resent = target.write(account, "messages", letter, resend=True, **ALLOWED, **more)
    delivered = target.write(account, "messages", letter, **DELIVERED, **more)

    assert same.count("messages", "unchanged") == 1
    assert [each.rejects[0]["reason"] for each in (changed, resent, delivered)] == ["sent already"] * 3
    assert len(account.records("letters")) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "cut_after"},
        {"do": "cut_before"},
        {"do": "malformed"},
        {"do": "empty"},
        {"do": "status", "status": 500},
        {"do": "status", "status": 503},
        {"do": "delay", "seconds": 5},
    ],
    ids=lambda fault: f"{fault['do']}{fault.get('status', '')}",
)
def test_a_letter_without_an_answer_is_reported_and_never_repeated(
    account: Account, target: Any, letter: dict[str, Any], fault: dict[str, Any]
) -> None:
    account.fault(method="POST", times=1, **fault)

    done = target.write(account, "messages", letter, **ALLOWED, timeout_seconds=3)
    again = target.write(account, "messages", letter, **ALLOWED, retry_rejected=True, resend=True)
    changed = target.write(account, "messages", {**letter, "subject": "Other"}, **ALLOWED)

    assert done.code == 3
    assert [each.count("messages", "unknown") for each in (done, again, changed)] == [1, 1, 1]
    assert len(posts(account)) == 1


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"rally_congress_api_url": "http://127.0.0.1:1"}, "setting 'rally_congress_api_url'"),
        (
            {"rally_congress_auth_token": "nonsense"},
            "settings 'rally_congress_account_id' and 'rally_congress_auth_token'",
        ),
    ],
)
def test_a_letter_that_reaches_nobody_waits_and_the_setting_to_look_at_is_named(
    account: Account, target: Any, letter: dict[str, Any], wrong: dict[str, str], named: str
) -> None:
    done = target.write(account, "messages", letter, **ALLOWED, **wrong)
    again = target(account, [], **ALLOWED)

    assert done.code == 1
    assert done.log.splitlines()[-1].endswith(f"Check the {named}.")
    assert (done.count("messages", "waiting"), again.count("messages", "created")) == (1, 1)
    assert len(account.records("letters")) == 1


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("before", [0, 1])
def test_letters_that_are_barred_are_not_allowed_and_come_again(
    account: Account, target: Any, letter: dict[str, Any], status: int, before: int
) -> None:
    letters = [{**letter, "id": f"l{number}", "subject": f"Parks {number}"} for number in range(6)]
    target.write(account, "messages", *letters[:before], **ALLOWED)
    account.fault(do="status", status=status, method="POST")

    barred = target.write(account, "messages", *letters, **ALLOWED)
    calls = len(posts(account))
    account.clear_faults()
    after = target.write(account, "messages", *letters, **ALLOWED)

    assert barred.code == 3, barred.log
    assert {each["code"] for each in barred.rejects} == {"not_allowed"}
    assert barred.count("messages", "rejected") == len(letters) - before
    assert calls == MOST_REFUSALS + before
    assert (after.code, len(account.records("letters"))) == (0, len(letters)), after.log


def test_a_letter_that_is_barred_was_not_sent_though_nothing_tells_how_far(
    account: Account, target: Any, letter: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    account.fault(do="status", status=403, method="POST")
    account.fault(do="status", status=500, method="GET", path="/campaigns")

    barred = target.write(account, "messages", letter, **ALLOWED)
    account.clear_faults()
    after = target.write(account, "messages", letter, **ALLOWED)

    assert (barred.code, barred.count("messages", "unknown")) == (1, 0), barred.log
    assert (after.code, len(account.records("letters"))) == (0, 1), after.log


def test_an_incomplete_letter_is_reported_and_sent_when_it_is_whole(
    account: Account, target: Any, letter: dict[str, Any]
) -> None:
    done = target.write(account, "messages", {**letter, "prefix": None}, **ALLOWED)

    assert done.code == 3
    assert (done.rejects[0]["reason"], done.rejects[0]["status"]) == ("incomplete", 202)
    assert "prefix" in done.rejects[0]["words"]
    assert account.records("letters") == []
    same = target.write(account, "messages", {**letter, "prefix": None}, **ALLOWED)
    assert same.count("messages", "standing") == 1
    assert len(posts(account)) == 1
    whole = target.write(account, "messages", letter, **ALLOWED)
    assert whole.code == 0, whole.log
    assert len(account.records("letters")) == 1


def test_a_dry_run_sends_nothing(account: Account, target: Any, letter: dict[str, Any]) -> None:
    messages = [*target.messages("supporters", person(1)), *target.messages("messages", letter)]

    done = target(account, messages, dry_run=True, **DELIVERED)

    assert done.code == 0, done.log
    assert [each["plan"] for each in done.plan] == ["create", "create"]
    assert posts(account) == []


def test_every_reason_and_setting_is_on_the_page() -> None:
    module = "".join(file.read_text(encoding="utf-8") for file in Path(rally_congress.__file__).parent.glob("*.py"))
    page = (Path(__file__).parents[2] / "docs" / "rally-congress.md").read_text(encoding="utf-8")
    page += (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    reasons = [sentence(code) for code in re.findall(r"Rejection\(\s*\"([^\"]+)\"", module)]

    assert reasons
    assert [each for each in (*reasons, *rally_congress.VENDOR.deciding_settings) if f"`{each}`" not in page] == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("(202) 555-0123", "(202) 555-0123"),
        ("+1 (202) 555-0123", "2025550123"),
        ("12025550123", "2025550123"),
        ("202-555-0123 ext. 4", "2025550123"),
        ("+44 20 7946 0018", None),
    ],
)
def test_a_number_that_has_not_ten_digits_keeps_nobody_out(
    sandbox: Sandbox, target: Any, given: str, kept: str | None
) -> None:
    account = sandbox.account("rally_congress")

    done = target.write(
        account, "supporters", {"id": 1, "email": "ann@example.org", "firstName": "Ann", "phone": given}
    )

    assert done.code == 0, done.log
    (there,) = account.records("supporters")
    assert [each["telephone"] for each in there["phones"]] == ([kept] if kept else [])
    assert bool(done.by("supporters", "withheld")) is (kept is None)
