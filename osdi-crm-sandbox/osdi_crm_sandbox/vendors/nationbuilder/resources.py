"""The 41 resources of NationBuilder v2: attributes, relationships, methods, and how records are indexed.

Attributes are those of nationbuilder.com/api/v2/docs/v2/released.yaml, one per line of attributes.csv:

    kind       string, integer, decimal (a string such as "5.00"), boolean, datetime, date, id, object or address
    refers_to  the resource that an id belongs to
    access     rw, ro, wo (written, never returned), xo (returned as an extra field only)
    nullable   as read; "no" for rw is the best hint for what a new record needs
    default    what is read where nothing was ever written, as JSON
    values     what an enumeration may be
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Record, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

API = "/api/v2"
OWNER = "1"
"""The id of the signup whose tokens an account's are."""

OPTIONS: dict[str, Any] = {
    "time_zone": "America/New_York",  # whose clock times are told by, with its offset of the season
    "links": "relative",  # or "absolute"
    "address_rate": None,  # as `rate`, per client address instead of per token; accounts with the same share it
    "rate_headers": "RateLimit",  # or "X-RateLimit": how the headers begin; they come while there is a limit
    "redirect_uri": "http://localhost:8766/callback",  # the app's registered callback
    "refuse_authorization": False,  # whether the admin says no
    "code_seconds": 600,  # life of an authorization code
    "access_token_seconds": 86400,  # life of tokens issued from now on
    "test_token_seconds": 86400,  # the same of the test token, which is the account's key
    "wrapped_errors": False,  # token errors as {"statusCode", "data"}
    "polls": 1,  # how often a list action says "processing" before it is done
    "actions_fail": False,  # whether list actions fail
    "heavy_page": None,  # larger pages are answered 502
    "single_page": (),  # resources that ignore page parameters: everything comes on every page
    "custom_numbers": "number",  # or "text": how numbers in custom_values come
    "undocumented": False,  # whether signups have the attributes of 2024 too
}

ZERO = 10**19
"""Added to numbers, so that they sort as strings of one length."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute; the module's first lines say what the fields mean."""

    name: str
    kind: str
    refers_to: str
    access: str
    nullable: bool
    default: Any
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship.

    Attributes:
        name: in documents.
        to: the resource at its other end.
        key: where the other id stands: an attribute of this record (to-one), of the other (to-many, child), or of a
            tagging. A name that begins with "_" is no attribute.
        many: to-many.
        child: the other record has the key, not this one.
        through: the resource that joins the two, for many-to-many.
        own: this record's id in it.
    """

    name: str
    to: str
    key: str
    many: bool = False
    child: bool = False
    through: str = ""
    own: str = ""


@dataclass(frozen=True)
class Kind:
    """A resource.

    Attributes:
        name: JSON:API type and path segment.
        methods: of list, show, create, update, delete.
        attributes: by name, in the vendor's order.
        relations: by name.
        required: what a new record must have.
        unique: what no two records may share, ignoring case.
    """

    name: str
    methods: frozenset[str]
    attributes: Mapping[str, Attribute]
    relations: Mapping[str, Relation]
    required: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    served: tuple[Attribute, ...] = field(init=False)
    extra: tuple[Attribute, ...] = field(init=False)

    def __post_init__(self) -> None:
        served = tuple(a for a in self.attributes.values() if a.access in ("rw", "ro"))
        extra = tuple(a for a in self.attributes.values() if a.access == "xo")
        object.__setattr__(self, "served", served)
        object.__setattr__(self, "extra", extra)


def _attributes() -> dict[str, dict[str, Attribute]]:
    found: dict[str, dict[str, Attribute]] = {}
    text = (Path(__file__).parent / "attributes.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        values: list[Any] = row["values"].split("|") if row["values"] else []
        if row["kind"] == "integer":
            values = [int(value) for value in values]
        default = json.loads(row["default"]) if row["default"] else None
        found.setdefault(row["resource"], {})[row["attribute"]] = Attribute(
            name=row["attribute"],
            kind=row["kind"],
            refers_to=row["refers_to"],
            access=row["access"],
            nullable=row["nullable"] != "no",
            default=default,
            values=tuple(values),
        )
    return found


LIST, SHOW, CREATE, UPDATE, DELETE = "list", "show", "create", "update", "delete"
ALL = (LIST, SHOW, CREATE, UPDATE, DELETE)
READ = (LIST, SHOW)

METHODS = {
    "signup_taggings": (LIST, SHOW, CREATE, DELETE),
    "custom_fields": READ,
    "path_journeys": (LIST, SHOW, CREATE, UPDATE),
    "path_histories": READ,
    "sites": (LIST,),
    "mailings": READ,
    "broadcasters": READ,
    "imports": READ,
    "automations": (LIST, SHOW, CREATE, UPDATE),
    "automation_enrollments": (LIST, SHOW, CREATE, DELETE),
}
"""Of the resources that have not all five."""

TO_ONE = {
    "signups": "author last_contacted_by parent recruiter precinct page:_page_id",
    "signup_taggings": "signup tag",
    "signup_profiles": "signup",
    "contacts": "author signup",
    "donations": (
        "signup author:_author_id recruiter:_recruiter_id donation_tracking_code import mailing membership page pledge"
        " payment_type"
    ),
    "pledges": "signup author recruiter page donation_tracking_code",
    "memberships": "signup membership_type",
    "membership_types": "page",
    "lists": "author signup parent",
    "paths": "default_point_person",
    "path_steps": "path default_point_person",
    "path_journeys": "signup path current_step point_person current_step_point_person path_journey_status_change",
    "path_journey_status_changes": "path",
    "path_histories": "path_journey path_journey_status_change point_person current_step_point_person recruiter",
    "events": "page point_person auto_response_broadcaster tracking_code:donation_tracking_code_id",
    "event_rsvps": (
        "event signup:_signup_id author:_author_id recruiter:_recruiter_id event_ticket_level:_event_ticket_level_id"
    ),
    "event_ticket_levels": "event",
    "petitions": "page",
    "petition_signatures": "petition signup recruiter page",
    "pages": "site parent",
    "survey_questions": "survey author:_author_id",
    "survey_question_possible_responses": "survey_question",
    "survey_question_responses": "survey_question survey_question_possible_response signup author page",
    "suggestion_boxes": "page point_person",
    "suggestions": "answer_author:response_author_id page recruiter",
    "relationships": "first_signup second_signup",
    "precincts": "point_person",
    "voters": "signup",
    "ballots": "election voter",
    "mailings": "author:_author_id",
    "broadcasters": "point_person text_point_person voicemail_point_person",
    "imports": "author:_author_id point_person:_point_person_id terminator:_terminator_id",
    "automation_enrollments": "automation signup",
}
"""Relationships to one record; the key is the name with "_id" unless said."""

WITHOUT_ATTRIBUTE = {"_page_id": "pages", "_event_ticket_level_id": "event_ticket_levels"}
"""What keys that are no attributes refer to, where it is not signups."""

TO_MANY = {
    "signups": {
        "memberships": "memberships.signup_id",
        "path_journeys": "path_journeys.signup_id",
        "petition_signatures": "petition_signatures.signup_id",
        "taggings": "signup_taggings.signup_id",
    },
    "signup_tags": {"taggings": "signup_taggings.tag_id"},
    "donation_tracking_codes": {"donations": "donations.donation_tracking_code_id"},
    "memberships": {"donations": "donations.membership_id"},
    "membership_types": {"memberships": "memberships.membership_type_id"},
    "lists": {"lists": "lists.parent_id", "mailings": "mailings.custom_list_id"},
    "paths": {
        "path_steps": "path_steps.path_id",
        "path_journeys": "path_journeys.path_id",
        "path_journey_status_changes": "path_journey_status_changes.path_id",
    },
    "path_journeys": {"path_histories": "path_histories.path_journey_id"},
    "path_journey_status_changes": {
        "path_journeys": "path_journeys.path_journey_status_change_id",
        "path_histories": "path_histories.path_journey_status_change_id",
    },
    "events": {"event_ticket_levels": "event_ticket_levels.event_id", "rsvps": "event_rsvps.event_id"},
    "event_ticket_levels": {"event_rsvps": "event_rsvps._event_ticket_level_id"},
    "petitions": {"petition_signatures": "petition_signatures.petition_id"},
    "pages": {"membership_types": "membership_types.page_id"},
    "surveys": {"survey_questions": "survey_questions.survey_id"},
    "survey_questions": {
        "survey_question_possible_responses": "survey_question_possible_responses.survey_question_id",
        "survey_question_responses": "survey_question_responses.survey_question_id",
    },
    "survey_question_possible_responses": {
        "survey_question_responses": "survey_question_responses.survey_question_possible_response_id"
    },
    "suggestion_boxes": {"suggestions": "suggestions.suggestion_box_id"},
    "precincts": {"signups": "signups.precinct_id"},
    "voters": {"ballots": "ballots.voter_id"},
    "elections": {"ballots": "ballots.election_id"},
    "broadcasters": {"mailings": "mailings.broadcaster_id", "signups": "signups._broadcaster_id"},
    "imports": {"signups": "signups.import_id"},
    "automations": {"enrollments": "automation_enrollments.automation_id"},
}

REQUIRED = {
    "signup_taggings": "signup_id tag_id",
    "signup_tags": "name",
    "signup_profiles": "signup_id",
    "contacts": "signup_id contact_method",
    "memberships": "signup_id membership_type_id",
    "membership_types": "name",
    "lists": "name slug author_id",
    "path_steps": "path_id name",
    "path_journeys": "signup_id path_id",
    "path_journey_status_changes": "name path_id target_status",
    "events": "start_at page_id",
    "event_rsvps": "event_id",
    "event_ticket_levels": "event_id name number limit amount_in_cents",
    "petitions": "page_id",
    "petition_signatures": "petition_id signup_id",
    "pages": "name site_id slug status title permission_level",
    "survey_question_responses": "signup_id survey_question_id",
    "suggestion_boxes": "site_id name status",
    "suggestions": "suggestion_box_id headline",
    "relationships": "first_signup_id second_signup_id relationship_type",
    "voters": "signup_id",
    "ballots": "voter_id election_id",
    "automation_enrollments": "automation_id signup_id",
}
UNIQUE = {
    "signup_tags": "name",
    "signup_profiles": "signup_id",
    "donation_tracking_codes": "slug",
    "lists": "slug",
    "pages": "slug external_id",
    "survey_questions": "slug",
    "voters": "signup_id",
}


def _relations(name: str, attributes: Mapping[str, Attribute]) -> dict[str, Relation]:
    relations = {}
    for entry in TO_ONE.get(name, "").split():
        relation, _, key = entry.partition(":")
        key = key or f"{relation}_id"
        to = attributes[key].refers_to if key in attributes else WITHOUT_ATTRIBUTE.get(key, "signups")
        relations[relation] = Relation(relation, to, key)
    for relation, target in TO_MANY.get(name, {}).items():
        to, _, key = target.partition(".")
        relations[relation] = Relation(relation, to, key, many=True, child=True)
    if name == "signups":
        for relation, to in (("signup_profile", "signup_profiles"), ("voter", "voters")):
            relations[relation] = Relation(relation, to, "signup_id", child=True)
        relations["signup_tags"] = Relation(
            "signup_tags", "signup_tags", "tag_id", many=True, through="signup_taggings", own="signup_id"
        )
    if name == "signup_tags":
        relations["signups"] = Relation(
            "signups", "signups", "signup_id", many=True, through="signup_taggings", own="tag_id"
        )
    return dict(sorted(relations.items()))


KINDS: dict[str, Kind] = {
    name: Kind(
        name,
        frozenset(METHODS.get(name, ALL)),
        attributes,
        _relations(name, attributes),
        tuple(REQUIRED.get(name, "").split()),
        tuple(UNIQUE.get(name, "").split()),
    )
    for name, attributes in _attributes().items()
}

INSIDE = {
    "payment_types": Kind(
        "payment_types",
        frozenset(),
        {"name": Attribute("name", "string", "", "ro", nullable=False, default=None, values=())},
        {},
    ),
    "list_members": Kind(
        "list_members",
        frozenset(),
        {
            name: Attribute(name, "id", to, "ro", nullable=False, default=None, values=())
            for name, to in (("list_id", "lists"), ("signup_id", "signups"))
        },
        {},
    ),
}
"""What has no endpoint of its own."""

HERE = {**KINDS, **INSIDE}

REFERENCES: dict[str, list[tuple[str, str]]] = {}
"""By resource: which attributes (or keys) of which resources hold ids of its records."""
for _kind in HERE.values():
    for _attribute in _kind.attributes.values():
        if _attribute.refers_to and _attribute.access in ("rw", "ro"):
            REFERENCES.setdefault(_attribute.refers_to, []).append((_kind.name, _attribute.name))
    for _relation in _kind.relations.values():
        if _relation.key.startswith("_") and not _relation.child:
            REFERENCES.setdefault(_relation.to, []).append((_kind.name, _relation.key))
REFERENCES["broadcasters"].append(("signups", "_broadcaster_id"))


# Indexes


def comparable(kind: str, value: Any) -> str:
    """A value as a string that sorts as the vendor compares it; null before everything."""
    if value is None:
        return ""
    if kind in ("integer", "datetime", "id"):
        return f"{int(value) + ZERO:020d}"
    if kind == "decimal":
        return f"{int(Decimal(str(value)) * 10**8) + ZERO:020d}"
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "string":
        return f"={str(value).casefold()}"
    return str(value)


def _values(name: str, kind: str, default: Any, record: Record) -> Iterable[str]:
    return (comparable(kind, record.get(name, default)),)


def _then_id(values: Callable[[Record], Iterable[str]], record: Record) -> Iterable[str]:
    key = comparable("id", record["id"])
    return [value + key for value in values(record)]


def _emails(record: Record) -> Iterable[str]:
    slots = [record.get(f"email{slot}") for slot in (1, 2, 3, 4)]
    return sorted({comparable("string", address) for address in (record.get("email"), *slots) if address})


def _fields(kind: Kind) -> dict[str, Callable[[Record], Iterable[str]]]:
    fields: dict[str, Callable[[Record], Iterable[str]]] = {"id": partial(_values, "id", "id", None)}
    for attribute in kind.served:
        fields[attribute.name] = partial(_values, attribute.name, attribute.kind, attribute.default)
    for relation in kind.relations.values():
        if not relation.child and not relation.through and relation.key.startswith("_"):
            fields[relation.key] = partial(_values, relation.key, "id", None)
    if kind.name == "signups":
        fields["with_email_address"] = _emails
        fields["_broadcaster_id"] = partial(_values, "_broadcaster_id", "id", None)
    for name in ("updated_at", "created_at"):
        if name in fields:
            fields[f"{name},id"] = partial(_then_id, fields[name])
    return fields


RESOURCES = {name: Resource("updated_at", _fields(kind)) for name, kind in HERE.items()}
RESOURCES["async_processes"] = Resource("updated_at", {"id": lambda record: (record["id"],)})
RESOURCES["tokens"] = Resource(
    "updated_at",
    {"id": lambda r: (r["id"],), "refresh_token": lambda r: [r["refresh_token"]] * bool(r["refresh_token"])},
)
"""What the control API also shows: access tokens by themselves, with "kind" (oauth, test or v1) and "refresh_token"."""
