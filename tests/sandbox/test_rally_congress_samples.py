"""What Rally Congress's pages tell of the bodies it serves; their tables stand in documents/rally_congress.json."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def api(make: Callable[..., Any]) -> Any:
    return make(size=400)


def test_a_page_and_one_of_its_supporters(api: Any) -> None:
    page = api.get("supporters", pagesize=100, page=1)
    records = page["supporters"]
    assert (page["page"], page["pagesize"], page["totalResults"], len(records)) == (1, 100, 400, 100)
    assert any(len(record["addresses"]) > 1 for record in records)
    assert api.get(f"supporters/{records[0]['id']}") == records[0]
    actions = {action["actionType"] for campaign in api.account.records("campaigns") for action in campaign["actions"]}
    assert "letter" in actions
    assert len(actions) >= 3


def test_every_code_of_the_enumerations_is_served(api: Any) -> None:
    records = api.account.records("supporters")
    for name, codes in (
        ("emailOptin", {"not_collected", "no", "yes", "pending", "unsubscribed", "spam"}),
        ("emailStatus", {"unknown", "validated", "opened", "hard_bounce", "soft_bounce", "dns_fail"}),
    ):
        assert {record[name] for record in records} == codes
    for name in records[0]:
        assert any(record[name] for record in records), name


def test_no_time_stands_in_a_supporter(api: Any) -> None:
    for record in api.account.records("supporters"):
        assert not re.search(r"\d{4}-\d\d-\d\d", str(record))


def test_the_form_of_a_letter_asks_for_what_clients_send(api: Any) -> None:
    """github.com/swt83/php-rallycongress, README.md."""
    form = api.get(f"campaigns/{api.campaign}/letter")
    names = {field["name"]: field["isRequired"] for field in form["fields"]}
    sent = ["prefix", "firstname", "lastname", "street", "city", "state", "zipcode", "phone", "email"]
    assert list(names) == [*sent, "subject", "message"]
    assert names["prefix"] is True
    assert form["letters"][0].keys() == {"subject", "body"}
