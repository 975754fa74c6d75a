"""What the reading tests need to know of each vendor; the tests themselves are the same for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Case:
    """One vendor as the reading tests see it.

    Attributes:
        vendor: Its name.
        stream: An incremental stream read in slices; `resource` is the sandbox's name for it.
        changed: The property that tells when a record changed.
        parents: A stream with children, and `children` that stream; `hang` makes a child record of a parent's.
        key: The stream's key of a record as the sandbox holds it.
        names: The sandbox's names of streams, where they differ.
        per_page: Records a page.
        extra: Settings with which everything is read.
    """

    vendor: str
    stream: str
    changed: str
    parents: str
    children: str
    hang: Callable[[dict[str, Any]], dict[str, Any]]
    key: Callable[[dict[str, Any]], str]
    names: dict[str, str]
    per_page: int
    extra: dict[str, Any]


def _uuid(raw: dict[str, Any]) -> str:
    return str(next(i for i in raw["identifiers"] if i.startswith("action_network:")).removeprefix("action_network:"))


CASES = [
    Case(
        vendor="action_network",
        stream="people",
        changed="modified_date",
        parents="petitions",
        children="signatures",
        hang=lambda parent: {"action_network:petition_id": _uuid(parent)},
        key=_uuid,
        names={"items": "list_items"},
        per_page=25,
        extra={"action_network_taggings_of": ["*"], "action_network_items_of": ["*"]},
    ),
]


@pytest.fixture(params=CASES, ids=[case.vendor for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    """Each vendor in turn."""
    found: Case = request.param
    return found
