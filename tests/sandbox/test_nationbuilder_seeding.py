"""A seeded nation keeps the rules that its own calls are held to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from osdi_crm_sandbox.population import iso, utc


@pytest.fixture(scope="module")
def nation(make: Callable[..., Any]) -> Any:
    return make(size=120, counts={"lists": 40, "pages": 20}).account


def attributes(nation: Any, resource: str) -> dict[str, dict[str, Any]]:
    return {each["id"]: each["attributes"] for each in nation.records(resource)}


@pytest.mark.parametrize(
    ("resource", "above"), [("lists", "parent_id"), ("signups", "parent_id"), ("signups", "recruiter_id")]
)
def test_nothing_stands_above_itself(nation: Any, resource: str, above: str) -> None:
    records = attributes(nation, resource)

    assert any(each[above] for each in records.values())
    assert all(each[above] is None or int(each[above]) < int(key) for key, each in records.items())


@pytest.mark.parametrize(
    ("resource", "page_type"), [("suggestion_boxes", "Suggestion Box"), ("suggestions", "Suggestion")]
)
def test_what_is_suggested_has_the_names_of_its_own_page(nation: Any, resource: str, page_type: str) -> None:
    pages = attributes(nation, "pages")

    for each in attributes(nation, resource).values():
        page = pages[each["page_id"]]
        assert page["page_type_name"] == page_type
        assert [each[name] for name in ("slug", "external_id")] == [page[name] for name in ("slug", "external_id")]


def test_journeys_end_for_a_reason_of_their_path(nation: Any) -> None:
    reasons = attributes(nation, "path_journey_status_changes")
    journeys = attributes(nation, "path_journeys")

    ended = [each for each in journeys.values() if each["path_journey_status_change_id"]]
    assert {each["journey_status"] for each in ended} == {"completed", "abandoned"}
    for each in ended:
        reason = reasons[each["path_journey_status_change_id"]]
        assert (reason["path_id"], reason["target_status"]) == (each["path_id"], each["journey_status"])
    for each in attributes(nation, "path_histories").values():
        assert each["path_step_id"] == journeys[each["path_journey_id"]]["current_step_id"]


def test_answers_belong_to_their_question(nation: Any) -> None:
    possible = attributes(nation, "survey_question_possible_responses")

    assert all(each["survey_question_id"] for each in possible.values())
    for each in attributes(nation, "survey_question_responses").values():
        given = possible[each["survey_question_possible_response_id"]]
        assert given["survey_question_id"] == each["survey_question_id"]


def test_years_have_four_digits() -> None:
    assert iso(-61_000_000_000) == "0036-12-26T11:33:20Z"
    assert utc("0036-12-26T12:33:20+01:00") == "0036-12-26T11:33:20Z"
