"""What the reading tests need to know of each vendor; the tests themselves are the same for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import osdi_crm_schemas
import pytest


@dataclass(frozen=True)
class Case:
    """One vendor as the reading tests see it.

    Attributes:
        vendor: Its name.
        stream: A stream of people or the like, incremental where the vendor has one; `resource` is the sandbox's name.
        parents: A stream with incremental children, if any, and `children` that stream; `hang` makes a child record of
            a parent's.
        swept: A stream read in a sweep over its parents, and those: `children` and `parents`, unless said otherwise.
        key: The stream's key of a record as the sandbox holds it.
        names: The sandbox's names of streams, where they differ; None for what is no stream.
        per_page: Records a page.
        extra: Settings with which everything is read.
        many: Parents that are many.
        is_full: Whether every run reads all, and one that goes on from a killed one what that had not read.
        is_read: Whether a record of the sandbox's is among those that are read.
        faulty: Which paths faults are ordered for.
        cannot: Tests that do not apply to the vendor, by name without `test_`, and why.
    """

    vendor: str
    stream: str
    key: Callable[[dict[str, Any]], str]
    names: dict[str, str | None]
    per_page: int
    extra: dict[str, Any]
    parents: str = ""
    children: str = ""
    hang: Callable[[dict[str, Any]], dict[str, Any]] = dict
    swept: tuple[str, str] | None = None
    many: int = 2000
    is_full: bool = False
    is_read: Callable[[dict[str, Any]], bool] = bool
    faulty: str | None = None
    cannot: dict[str, str] = field(default_factory=dict)

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


def _named(raw: dict[str, Any]) -> bool:
    """Whether a profile has a name, so that the segment holds it; attributes have one of their own."""
    return bool(raw.get("Names") or raw.get("name"))


NO_TIMES = dict.fromkeys(
    (
        "a_second_run_moves_only_what_changed_and_a_third_nothing",
        "the_overlap_is_read_again",
        "a_bookmark_never_lies_beyond_the_servers_time_or_the_index",
        "a_killed_run_goes_on_from_its_last_finished_slice",
    ),
    "nothing tells when a record changed, so every run reads all",
)
NO_CHILDREN = dict.fromkeys(
    (
        "children_of_parents_that_change_meanwhile_come_too",
        "children_of_parents_that_come_after_the_parents_were_read_come_next_time",
        "a_sweep_that_asked_for_changes_is_not_finished_by_one_for_all",
    ),
    "no stream of children is incremental",
)

CASES = [
    Case(
        vendor="action_network",
        stream="people",
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
        parents="petitions",
        children="petition_signatures",
        hang=lambda parent: {"attributes": {"petition_id": parent["id"]}},
        swept=("list_signups", "lists"),
        key=_listed,
        names={"list_members": "list_signups", "payment_types": None, "tokens": None, "async_processes": None},
        per_page=100,
        extra={"nationbuilder_extra_fields": ["*"]},
        cannot={
            "children_of_parents_that_come_after_the_parents_were_read_come_next_time": "read by time, not by parent",
        },
    ),
    Case(
        vendor="i360",
        stream="contacts",
        swept=("volunteer_notes", "volunteers"),
        key=lambda raw: str(raw.get("NoteID") or raw["ContactID"]),
        names={
            "voicemail_messages": "voice_mail_messages",
            "national_contacts": None,
            "volunteer_permissions": None,
            "volunteer_walkbooks": None,
            "searches": None,
        },
        per_page=100,
        extra={
            "unconfirmed_streams": True,
            "stream_overrides": {"voice_mail_messages": {"path": "Surveys/VoicemailMessages"}},
            "i360_states": [str(number) for number in range(1, 52)],
            "i360_list_type": "my_data",
            "i360_record_limit": 100_000,
        },
        many=400,
        is_full=True,
        faulty="Searches",
        cannot={
            **NO_TIMES,
            **NO_CHILDREN,
            "an_estimate_tells_calls_and_stops": "contacts cost a call a state, however many there are",
        },
    ),
    Case(
        vendor="rally_congress",
        stream="supporters",
        swept=("campaigns", "campaigns"),
        many=400,
        key=lambda raw: str(raw.get("id") or raw["campaignId"]),
        names={"letters": None},
        per_page=100,
        extra={},
        cannot={
            "a_killed_run_goes_on_from_its_last_finished_slice": "its filter has no end, so nothing can be cut",
            **NO_CHILDREN,
        },
    ),
    Case(
        vendor="crowdskout",
        stream="profiles",
        swept=("profiles", "profiles"),
        key=lambda raw: str(raw["id"]),
        names={},
        per_page=1,
        extra={
            "crowdskout_collections": [
                name for name in osdi_crm_schemas.schema("crowdskout", "profiles")["properties"] if name[0].isupper()
            ]
        },
        many=400,
        is_full=True,
        is_read=_named,
        cannot={**NO_TIMES, **NO_CHILDREN},
    ),
]


@pytest.fixture(params=CASES, ids=[case.vendor for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    """Each vendor in turn."""
    found: Case = request.param
    if why := found.cannot.get(request.node.originalname.removeprefix("test_")):
        pytest.skip(f"{found.vendor}: {why}")
    return found
