"""What is deleted at the source: deleted, unsubscribed or left alone at the vendor, as far as it documents that."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.vendors import vendor

from tests.target_command import TargetCommand

Record = dict[str, Any]
GONE = {"_sdc_deleted_at": "2026-11-30T00:00:00Z"}


@pytest.fixture
def nation(sandbox: Sandbox) -> Account:
    return sandbox.account("nationbuilder")


def donation(number: int, **more: Any) -> Record:
    return {"id": number, "signup_id": 1, "amount_in_cents": 700, "succeeded_at": "2026-03-01T12:00:00Z", **more}


def given(target: TargetCommand, nation: Account, count: int = 1) -> None:
    signup = {"id": 1, "first_name": "Ann", "email": "ann@example.org"}
    donations = target.messages("donations", *map(donation, range(count)))
    done = target(nation, [*target.messages("signups", signup), *donations])
    assert done.code == 0, done.log


def deletions(nation: Account) -> list[str]:
    return [each["path"] for each in nation.log() if each["method"] == "DELETE"]


# The streams of NationBuilder that its document has no DELETE for are the journeys, which are voided, the automations,
# which are archived, and list_signups, whose members are taken off their list.
def test_every_stream_that_a_vendor_documents_a_deletion_for_can_be_deleted() -> None:
    streams = vendor("nationbuilder").streams
    assert {name for name, each in streams.items() if not each.can_delete} == {"path_journeys", "automations"}
    assert [name for name, each in vendor("action_network").streams.items() if each.can_delete] == ["taggings"]
    assert [name for name, each in vendor("crowdskout").streams.items() if each.can_delete] == ["attributes"]
    assert not any(each.can_delete for each in vendor("rally_congress").streams.values())


@pytest.mark.parametrize("record", [donation(0, **GONE), {"id": 0, **GONE}, {"id": 0, "amount_in_cents": "?", **GONE}])
def test_a_record_that_was_deleted_is_deleted_once(nation: Account, target: TargetCommand, record: Record) -> None:
    given(target, nation)

    kept = target.write(nation, "donations", record)
    done = target.write(nation, "donations", record, allow_delete=True)
    again = target.write(nation, "donations", record, allow_delete=True)

    assert [run.code for run in (kept, done, again)] == [0, 0, 0]
    assert "Deleted records of 'donations' are ignored: 'allow_delete' is not set." in kept.log
    assert (kept.count("donations", "skipped"), done.count("donations", "deleted")) == (1, 1)
    assert again.count("donations", "unchanged") == 1
    assert len(deletions(nation)) == 1
    assert nation.records("donations") == []


def test_what_refers_to_a_person_deleted_before_it_is_deleted_too(nation: Account, target: TargetCommand) -> None:
    given(target, nation)
    gone = [*target.messages("signups", {"id": 1, **GONE}), *target.messages("donations", donation(0, **GONE))]

    done = target(nation, gone, allow_delete=True, on_delete={"signups": "delete"})

    assert (done.count("signups", "deleted"), done.count("donations", "deleted")) == (1, 1), done.log
    assert nation.records("donations") == []


def test_people_are_deleted_only_where_that_is_said(nation: Account, target: TargetCommand) -> None:
    given(target, nation)

    done = target.write(nation, "signups", {"id": 1, **GONE}, allow_delete=True)

    assert done.by("signups", "skipped") == {"deletion ignored": 1}
    assert deletions(nation) == []


def test_a_deletion_of_what_is_there_no_more_is_done(nation: Account, target: TargetCommand) -> None:
    given(target, nation)
    nation.delete("donations", [nation.records("donations")[0]["id"]])

    done = target.write(nation, "donations", donation(0, **GONE), allow_delete=True)

    assert (done.code, done.by("donations", "skipped")) == (0, {"nothing to delete": 1})


def test_a_deletion_that_is_refused_is_told(nation: Account, target: TargetCommand) -> None:
    given(target, nation)
    nation.fault(do="status", status=422, method="DELETE")

    done = target.write(nation, "donations", donation(0, **GONE), allow_delete=True)

    assert (done.code, done.rejects[0]["code"]) == (3, "vendor_refused")


def test_a_record_that_another_one_holds_too_is_not_deleted(sandbox: Sandbox, target: TargetCommand) -> None:
    account = sandbox.account("nationbuilder")
    one, two = ({"id": each, "email": "ann@example.org", "first_name": "Ann"} for each in "ab")
    target.write(account, "signups", one, two)

    done = target.write(account, "signups", {**one, **GONE}, allow_delete=True, on_delete="delete")
    last = target.write(account, "signups", {**two, **GONE}, allow_delete=True, on_delete="delete")

    assert (done.count("signups", "skipped"), last.count("signups", "deleted")) == (1, 1)
    assert len(deletions(account)) == 1


@pytest.mark.parametrize("at_once", [False, True])
def test_a_person_whom_another_record_stands_for_too_is_not_unsubscribed(
    case: Any, target: TargetCommand, at_once: bool
) -> None:
    more = {"subscribed": True} if case.status[0] else {}
    one, two = (case.record(each, "ann@example.org", **{case.given: "Ann"}, **more) for each in "ab")
    target.write(case.account, case.people, one, two)
    writes = len(case.writes())
    gone = [{case.key: each, **GONE} for each in "ab"]

    if at_once:
        last = target.write(case.account, case.people, *gone, on_delete="unsubscribe")
    else:
        done = target.write(case.account, case.people, gone[0], on_delete="unsubscribe")
        again = target.write(case.account, case.people, gone[0], on_delete="unsubscribe")
        assert (done.count(case.people, "skipped"), again.count(case.people, "unchanged")) == (1, 1), done.log
        assert len(case.writes()) == writes
        last = target.write(case.account, case.people, gone[1], on_delete="unsubscribe")

    if case.status[0]:
        assert (last.code, case.is_subscribed(), len(case.writes())) == (0, False, writes + 1), last.log


@pytest.mark.parametrize("word", ["delete", "unsubscribe"])
def test_two_records_of_one_person_deleted_at_once_delete_her_once(
    sandbox: Sandbox, target: TargetCommand, word: str
) -> None:
    account = sandbox.account("nationbuilder")
    target.write(account, "signups", *({"id": each, "email": "ann@example.org", "email_opt_in": True} for each in "ab"))

    gone = [{"id": each, **GONE} for each in "ab"]
    done = target.write(account, "signups", *gone, allow_delete=True, on_delete=word)

    assert done.count("signups", "skipped") == 1, done.log
    assert len(deletions(account)) == (word == "delete")
    (*_, ann) = account.records("signups")
    assert ann["attributes"]["email_opt_in"] is False or word == "delete"


def test_deletions_stop_at_a_share_of_what_is_known_from_the_eleventh_on(
    nation: Account, target: TargetCommand
) -> None:
    given(target, nation, 12)
    gone = [donation(number, **GONE) for number in range(12)]

    done = target.write(nation, "donations", *gone, allow_delete=True)
    left = len(nation.records("donations"))
    more = target.write(nation, "donations", *gone, allow_delete=True, max_deletes_share=1)

    assert (done.code, left) == (4, 2), done.log
    assert "More of 'donations' are to be deleted than 'max_deletes' and 'max_deletes_share' allow (10)." in done.log
    assert (more.code, nation.records("donations")) == (0, [])


def test_a_person_that_was_deleted_is_unsubscribed_where_that_is_said(case: Any, target: TargetCommand) -> None:
    more = {"subscribed": True} if case.status[0] else {}
    target.write(case.account, case.people, case.person(1, **more))
    gone, stranger = case.person(1, **GONE), case.person(2, **GONE)

    done = target.write(case.account, case.people, gone, stranger, on_delete="unsubscribe")
    again = target.write(case.account, case.people, gone, stranger, on_delete="unsubscribe")

    assert len(case.shown()) == 1
    if case.vendor == "i360":
        assert [each["code"] for each in done.rejects] == ["opt_out_cannot_be_held"]
        return
    assert done.code == 0, done.log
    assert done.by(case.people, "skipped") == {"does not exist": 1}
    assert again.count(case.people, "unchanged") == 1
    if case.status[0]:
        assert not case.is_subscribed()


def test_a_setting_by_stream_names_streams(nation: Account, target: TargetCommand) -> None:
    for name in ("on_delete", "on_vanished"):
        word = "ignore" if name == "on_delete" else "skip"
        with pytest.raises(
            ConfigurationError, match=f"'{name}' is set for 'donation', which is no stream that can be written"
        ):
            target.write(nation, "donations", donation(0), **{name: {"donation": word}})
