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
        swept: A stream read in a sweep over its parents, and those: `children` and `parents`, unless said otherwise.
        key: The stream's key of a record as the sandbox holds it.
        names: The sandbox's names of streams, where they differ; None for what is no stream.
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
    names: dict[str, str | None]
    per_page: int
    extra: dict[str, Any]
    swept: tuple[str, str] | None = None

    @property
    def sweep(self) -> tuple[str, str]:
        """A stream read in a sweep, and its parents."""
        return self.swept or (self.children, self.parents)

    def resource(self, stream: str) -> str:
        """The sandbox's name of a stream."""
        return next((name for name, other in self.names.items() if other == stream), stream)


def _uuid(raw: dict[str, Any]) -> str:
    return str(next(i for i in raw["identifiers"] if i.startswith("action_network:")).removeprefix("action_network:"))


def _listed(raw: dict[str, Any]) -> str:
    """The id, or that of the list and of the signup on it."""
    listed = raw["attributes"] if raw["type"] == "list_members" else None
    return f"{listed['list_id']}/{listed['signup_id']}" if listed else str(raw["id"])


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
    Case(
        vendor="nationbuilder",
        stream="donation_tracking_codes",
        changed="updated_at",
        parents="petitions",
        children="petition_signatures",
        hang=lambda parent: {"attributes": {"petition_id": parent["id"]}},
        swept=("list_signups", "lists"),
        key=_listed,
        names={"list_members": "list_signups", "payment_types": None, "tokens": None, "async_processes": None},
        per_page=100,
        extra={"nationbuilder_extra_fields": ["*"]},
    ),
]


@pytest.fixture(params=CASES, ids=[case.vendor for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    """Each vendor in turn."""
    found: Case = request.param
    return found
