"""An id or link that is none, in the answer to a change or a search, is no more than its record's fault."""

from __future__ import annotations

from typing import Any

import pytest

from tests.writing_case import WritingCase

CHANGED = (
    {"identifiers": 5},
    {"data": {"id": {"a": 1}, "attributes": {}}},
    {"data": {"id": "5", "relationships": 5}, "id": [1]},
)
SEARCHED = {"_embedded": {"osdi:people": [{"identifiers": 5}]}, "data": [{"id": [5]}], "supporters": [{"id": {}}]}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoff._sync.time.sleep", lambda _: None)


@pytest.mark.parametrize(
    ("body", "searched"), [*((body, False) for body in CHANGED), (SEARCHED, True)], ids=lambda each: str(each)[:40]
)
def test_an_id_that_is_none_is_the_answers_fault(
    case: WritingCase, target: Any, body: dict[str, Any], *, searched: bool
) -> None:
    method, path = ("GET", "") if searched else case.creates
    case.account.fault(do="status", status=200, body=body, method=method, path=path, times=3, skip=1)

    done = target.write(case.account, case.people, *(case.person(number) for number in range(4)))

    assert done.code in {0, 3}, done.log
    assert [each["words"] for each in done.rejects if each["code"] == "unexpected"] == []
