"""Writing to NationBuilder: signups and their tags, what people did, and what they did it in.

NationBuilder, API v2 (nationbuilder.com/api/v2/docs/v2/released.yaml).
"""

from __future__ import annotations

from typing import Any

from target_osdi_crm.consent import Channel
from target_osdi_crm.vendor import Vendor
from target_osdi_crm.vendors.nationbuilder.journeys import Journeys
from target_osdi_crm.vendors.nationbuilder.lists import Lists, ListSignups
from target_osdi_crm.vendors.nationbuilder.pages import OnSite, Pages, WithPage
from target_osdi_crm.vendors.nationbuilder.session import Nation, properties
from target_osdi_crm.vendors.nationbuilder.settings import Settings
from target_osdi_crm.vendors.nationbuilder.signups import EMAILS, LISTING, PUSH_KEYS, Donations, Rsvps, Signups
from target_osdi_crm.vendors.nationbuilder.stream import NationBuilderStream
from target_osdi_crm.vendors.nationbuilder.tags import Taggings, Tags

_NEVER_THERE = {"signups", "sites", "pages", "broadcasters", "imports", "mailings", "precincts"}
"""Streams whose records need not be in the nation for others that merely mention them to be written."""

_NO_DELETE = {"path_journeys", "automations"}
"""Streams that have no DELETE (released.yaml): journeys are voided, automations archived."""


def _row(
    name: str,
    kind: type[NationBuilderStream] = NationBuilderStream,
    *,
    required: tuple[str, ...] = (),
    subject: str | None = None,
    **more: Any,
) -> NationBuilderStream:
    """A stream; people, places and others of its own kind that its records merely mention can be done without."""
    mentioned = tuple(
        each
        for each, found in properties(name).items()
        if found.get("x-refers-to") in {*_NEVER_THERE, name} and each not in {*required, subject}
    )
    more.setdefault("can_delete", name not in _NO_DELETE)
    return kind(name=name, path=name, required=required, subject=subject, optional_refers=mentioned, **more)


STREAMS = (
    _row(
        "signups",
        Signups,
        custom_values_of="Signup",
        match_keys=(*PUSH_KEYS, "phone_number", "mobile_number"),
        default_match_keys=PUSH_KEYS,
        listing=LISTING,
        channels={
            "email": Channel(of_person=True, fields=("email", *EMAILS)),
            "phone": Channel(of_person=True),
            **dict.fromkeys(("calls", "federal calls", "contact"), Channel(asks=False, of_person=True)),
        },
        totals=(
            "capital_amount_in_cents",
            "donations_amount_in_cents",
            "donations_amount_this_cycle_in_cents",
            "donations_count",
            "donations_count_this_cycle",
            "donations_pledged_amount_in_cents",
            "donations_raised_amount_in_cents",
            "donations_raised_amount_this_cycle_in_cents",
            "donations_raised_count",
            "donations_raised_count_this_cycle",
            "donations_to_raise_amount_in_cents",
            "first_donated_at",
            "first_fundraised_at",
            "first_recruited_at",
            "last_call_id",
            "last_contacted_at",
            "last_contacted_by_id",
            "last_donated_at",
            "last_fundraised_at",
            "last_rule_violation_at",
            "received_capital_amount_in_cents",
            "rule_violations_count",
            "spent_capital_amount_in_cents",
            "warnings_count",
        ),
    ),
    _row("signup_tags", Tags, required=("name",), idempotent=True, match_keys=("name",)),
    _row(
        "signup_taggings",
        Taggings,
        required=("signup_id", "tag_id"),
        subject="signup_id",
        told_by=("signup_id", "tag_id"),
        can_update=False,
        idempotent=True,
    ),
    _row("signup_profiles", required=("signup_id",), subject="signup_id", told_by=("signup_id",)),
    _row("contacts", required=("signup_id", "contact_method"), subject="signup_id"),
    _row(
        "donations",
        Donations,
        required=("signup_id", "amount_in_cents"),
        subject="signup_id",
        custom_values_of="Donation",
        match_keys=("actblue_order_number", "check_number"),
        default_match_keys=(),
    ),
    _row("donation_tracking_codes", match_keys=("slug",)),
    _row("pledges", required=("signup_id",), subject="signup_id"),
    _row(
        "memberships",
        required=("signup_id", "membership_type_id"),
        subject="signup_id",
        told_by=("signup_id", "membership_type_id", "started_at"),
    ),
    _row("membership_types", required=("name",), match_keys=("name",)),
    _row("lists", Lists, required=("name", "slug"), match_keys=("slug",)),
    _row(
        "list_signups",
        ListSignups,
        required=("list_id", "signup_id"),
        batch_by="list_id",
        batch_size=10_000,
        can_update=False,
        idempotent=True,
    ),
    _row("paths", required=("name",), match_keys=("name",)),
    _row("path_steps", required=("path_id", "name"), told_by=("path_id", "name")),
    _row(
        "path_journeys",
        Journeys,
        required=("signup_id", "path_id"),
        subject="signup_id",
        told_by=("signup_id", "path_id"),
        refers={"path_journey_status_change_id": "path_journey_status_changes"},
    ),
    _row(
        "path_journey_status_changes",
        required=("path_id", "name", "target_status"),
        told_by=("path_id", "name"),
    ),
    _row("events", WithPage, page_type="Event", required=("start_at",), totals=("attending_count",)),
    _row(
        "event_rsvps",
        Rsvps,
        required=("event_id", "signup_id"),
        subject="signup_id",
        told_by=("event_id", "signup_id"),
    ),
    _row(
        "event_ticket_levels",
        required=("event_id", "name", "number", "limit", "amount_in_cents"),
        told_by=("event_id", "name"),
        totals=("tickets_sold",),
    ),
    _row("petitions", WithPage, page_type="Petition"),
    _row(
        "petition_signatures",
        required=("petition_id", "signup_id"),
        subject="signup_id",
        told_by=("petition_id", "signup_id"),
    ),
    _row(
        "pages",
        Pages,
        required=("name", "slug", "status", "title", "permission_level"),
        match_keys=("slug", "external_id"),
        default_match_keys=("slug",),
    ),
    _row("surveys", required=("name",), match_keys=("name",)),
    _row("survey_questions", match_keys=("slug",)),
    _row(
        "survey_question_possible_responses",
        required=("survey_question_id",),
        told_by=("survey_question_id", "name"),
    ),
    _row(
        "survey_question_responses",
        required=("signup_id", "survey_question_id"),
        subject="signup_id",
        told_by=("survey_question_id", "signup_id"),
    ),
    _row(
        "suggestion_boxes",
        OnSite,
        required=("name", "status"),
        match_keys=("external_id", "slug"),
        off=("send_auto_responses", "send_official_response_notifications", "send_response_notifications"),
    ),
    _row("suggestions", required=("suggestion_box_id", "headline"), match_keys=("external_id", "slug")),
    _row(
        "relationships",
        required=("first_signup_id", "second_signup_id", "relationship_type"),
        subject="first_signup_id",
        told_by=("first_signup_id", "second_signup_id", "relationship_type"),
    ),
    _row("precincts", match_keys=("code", "name"), default_match_keys=("code",)),
    _row("voters", required=("signup_id",), subject="signup_id", told_by=("signup_id",)),
    _row("elections"),
    _row("ballots", required=("voter_id", "election_id"), told_by=("voter_id", "election_id")),
    _row("automations", required=("name",), match_keys=("name",)),
    _row(
        "automation_enrollments",
        required=("automation_id", "signup_id"),
        subject="signup_id",
        told_by=("automation_id", "signup_id"),
        can_update=False,
    ),
)

VENDOR = Vendor(
    name="nationbuilder",
    streams={stream.name: stream for stream in STREAMS},
    people="signups",
    settings=Settings,
    for_model={"unknown_custom_fields": "withhold"},
    session=Nation,
)
