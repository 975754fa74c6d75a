"""What belongs together stays together: renamed tags, lists in a circle, pages, and records that look alike."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox

from tests.target_command import Message, TargetCommand


@pytest.fixture
def nation(sandbox: Sandbox) -> Account:
    return sandbox.account("nationbuilder")


def shown(account: Account, stream: str, name: str) -> list[Any]:
    return sorted((each["attributes"][name] for each in account.records(stream)), key=str)


def walkers(key: str, parent: str) -> Message:
    return {"id": key, "name": key, "slug": key, "parent_id": parent}


@pytest.mark.parametrize(
    "lists",
    [[walkers("a", "a")], [walkers("a", "b"), walkers("b", "c"), walkers("c", "a")], [walkers("a", "gone")]],
    ids=["its own parent", "a circle", "no parent"],
)
def test_lists_whose_parents_lead_nowhere_are_written_with_their_members(
    nation: Account, target: TargetCommand, lists: list[Message]
) -> None:
    members = [{"list_id": each["id"], "signup_id": 1} for each in lists]
    load = [
        *target.messages("signups", {"id": 1, "email": "ann@example.org"}),
        *target.messages("lists", *lists),
        *target.messages("list_signups", *members, key=["list_id", "signup_id"]),
    ]

    done = target(nation, load)
    again = target(nation, load)

    assert (done.code, again.code) == (0, 0), done.log
    assert shown(nation, "lists", "slug") == sorted(each["id"] for each in lists)
    assert done.count("list_signups", "created") == len(lists)
    assert again.count("lists", "created") == 0
    outcomes = ("created", "updated", "unchanged")
    assert [sum(run.count("lists", each) for each in outcomes) for run in (done, again)] == [len(lists)] * 2


@pytest.mark.parametrize("external_id", [None, "theirs-1"])
@pytest.mark.parametrize(("stream", "kind"), [("events", "Event"), ("petitions", "Petition")])
def test_what_stands_on_a_page_is_found_without_the_journal_also_when_pages_come(
    nation: Account, target: TargetCommand, stream: str, kind: str, external_id: str | None
) -> None:
    page = {
        "id": 7,
        "name": "Fair",
        "slug": "fair",
        "title": "Fair",
        "status": "published",
        "permission_level": "anyone",
        "page_type_name": kind,
        "external_id": external_id,
    }
    record = {"id": 3, "page_id": 7, "start_at": "2026-12-24T18:00:00Z"}
    load = [*target.messages("pages", page), *target.messages(stream, record)]

    first = target(nation, load)
    anew = target(nation, load, journal=str(target.folder / "other.db"))

    assert (first.code, anew.code) == (0, 0), anew.log
    assert len(nation.records(stream)) == 1
    assert shown(nation, "pages", "slug").count("fair") == 1


def test_possible_responses_without_a_name_are_not_put_over_one_another(nation: Account, target: TargetCommand) -> None:
    key = "survey_question_id"
    responses = [{"id": number, key: 1, "outro": kind} for number, kind in enumerate(("yes", "no", "maybe"))]
    load = [
        *target.messages("survey_questions", {"id": 1, "slug": "why"}),
        *target.messages("survey_question_possible_responses", *responses, {"id": 9, key: 1, "name": "Because"}),
    ]

    done = target(nation, load)
    anew = target(nation, load, journal=str(target.folder / "other.db"))

    assert (done.code, anew.code) == (0, 0), done.log
    assert len(nation.records("survey_question_possible_responses")) == 4


@pytest.mark.parametrize("lag", [0, 5])
def test_two_records_of_one_source_are_never_taken_for_one(nation: Account, target: TargetCommand, lag: float) -> None:
    rsvps = [{"id": number, "event_id": 1, "signup_id": 1, "guests_count": number} for number in range(6)]
    load = [
        *target.messages("signups", {"id": 1, "email": "ann@example.org"}),
        *target.messages("events", {"id": 1, "start_at": "2026-12-24T18:00:00Z"}),
    ]
    target(nation, load, index_lag_seconds=0)

    done = target(nation, target.messages("event_rsvps", *rsvps), index_lag_seconds=lag)

    assert shown(nation, "event_rsvps", "guests_count") == list(range(6)), done.log


def test_a_tag_that_is_renamed_takes_its_taggings_along(sandbox: Sandbox, target: TargetCommand) -> None:
    group = sandbox.account("action_network")
    people = target.messages("people", *({"id": f"p{n}", "email": f"n{n}@example.org"} for n in range(3)))
    taggings = [{"tag_id": tag, "id": f"{tag}{n}", "person_id": f"p{n}"} for n in range(3) for tag in ("a", "b")]

    def run(name: str, *gone: Message, **more: Any) -> Any:
        tags = target.messages("tags", {"id": "a", "name": name}, {"id": "b", "name": "Other"})
        load = [*people, *tags, *target.messages("taggings", *taggings, *gone, key=["tag_id", "id"])]
        return target(group, load, **more)

    def tagged(name: str) -> int:
        ids = [each["_links"]["self"]["href"] for each in group.records("tags") if each["name"] == name]
        return sum(each["_links"]["osdi:tag"]["href"] in ids for each in group.records("taggings"))

    run("Red")
    done = run("Crimson")
    again = run("Crimson")
    gone = {"tag_id": "a", "id": "a0", "_sdc_deleted_at": "2026-11-30T00:00:00Z"}
    taggings.remove({"tag_id": "a", "id": "a0", "person_id": "p0"})
    deleted = run("Crimson", gone, allow_delete=True)

    assert (done.code, done.count("taggings", "created"), done.count("taggings", "unchanged")) == (0, 3, 3), done.log
    assert (again.count("taggings", "unchanged"), again.summary["calls"]) == (6, 0)
    assert (deleted.count("taggings", "deleted"), tagged("Crimson"), tagged("Other")) == (1, 2, 3), deleted.log
