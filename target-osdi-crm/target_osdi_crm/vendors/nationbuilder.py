"""Writing to NationBuilder: signups and their tags, what people did, and what they did it in."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

import osdi_crm_schemas
from osdi_crm_client import errors
from typing_extensions import override

from target_osdi_crm import verify
from target_osdi_crm.consent import BLOCKED, IN, OUT, RequestedConsent
from target_osdi_crm.journal import EACH_RUN, REFERENCE
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Delegated, DelegatedTo, Found, Order, Record, Shaped, Stream, Vendor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from osdi_crm_client.account import Account

_NAME = "nationbuilder"

PUSH_KEYS = (
    "external_id",
    "civicrm_id",
    "county_file_id",
    "dw_id",
    "ngp_id",
    "salesforce_id",
    "van_id",
    "email",
)
"""What NationBuilder knows a pushed signup by (released.yaml, "PATCH /signups/push"), what weighs most first."""

_NEVER_THERE = {"sites", "pages", "broadcasters", "imports", "mailings", "precincts"}
"""Streams whose records need not be in the nation for others to be written without them."""


def _stream(name: str, *, required: tuple[str, ...] = (), subject: str | None = None, **more: Any) -> Stream:
    """A stream of the vendor's generic form; people and places that it merely mentions can be done without."""
    properties = osdi_crm_schemas.schema(_NAME, name)["properties"]
    mentioned = tuple(
        each
        for each, found in properties.items()
        if found.get("x-refers-to") in {"signups", *_NEVER_THERE} and each not in {*required, subject}
    )
    return Delegated(name=name, path=name, required=required, subject=subject, optional_refers=mentioned, **more)


def _known_by(*keys: str) -> dict[str, Any]:
    return {"match_keys": keys, "default_match_keys": keys}


_STREAMS = (
    _stream("signups", match_keys=(*PUSH_KEYS, "phone_number", "mobile_number"), default_match_keys=PUSH_KEYS),
    _stream("signup_tags", required=("name",), idempotent=True, **_known_by("name")),
    _stream(
        "signup_taggings",
        required=("signup_id", "tag_id"),
        subject="signup_id",
        can_update=False,
        can_delete=True,
        idempotent=True,
    ),
    _stream("signup_profiles", required=("signup_id",), subject="signup_id"),
    _stream("contacts", required=("signup_id", "contact_method"), subject="signup_id"),
    _stream(
        "donations",
        required=("signup_id", "amount_in_cents"),
        subject="signup_id",
        match_keys=("actblue_order_number", "check_number"),
    ),
    _stream("donation_tracking_codes", **_known_by("slug")),
    _stream("pledges", required=("signup_id",), subject="signup_id"),
    _stream("memberships", required=("signup_id", "membership_type_id"), subject="signup_id"),
    _stream("membership_types", required=("name",), **_known_by("name")),
    _stream("lists", required=("name", "slug"), **_known_by("slug")),
    _stream(
        "list_signups",
        required=("list_id", "signup_id"),
        batch_by="list_id",
        batch_size=10_000,
        can_update=False,
        can_delete=True,
        idempotent=True,
    ),
    _stream("paths", required=("name",), **_known_by("name")),
    _stream("path_steps", required=("path_id", "name")),
    _stream(
        "path_journeys",
        required=("signup_id", "path_id"),
        subject="signup_id",
        refers={"path_journey_status_change_id": "path_journey_status_changes"},
    ),
    _stream("path_journey_status_changes", required=("path_id", "name", "target_status")),
    _stream("events", required=("start_at",)),
    _stream("event_rsvps", required=("event_id", "signup_id"), subject="signup_id"),
    _stream("event_ticket_levels", required=("event_id", "name", "number", "limit", "amount_in_cents")),
    _stream("petitions"),
    _stream("petition_signatures", required=("petition_id", "signup_id"), subject="signup_id"),
    _stream(
        "pages",
        required=("name", "slug", "status", "title", "permission_level"),
        match_keys=("slug", "external_id"),
        default_match_keys=("slug",),
    ),
    _stream("surveys", required=("name",), **_known_by("name")),
    _stream("survey_questions", **_known_by("slug")),
    _stream("survey_question_possible_responses", required=("survey_question_id",)),
    _stream("survey_question_responses", required=("signup_id", "survey_question_id"), subject="signup_id"),
    _stream("suggestion_boxes", required=("name", "status"), **_known_by("external_id", "slug")),
    _stream("suggestions", required=("suggestion_box_id", "headline"), **_known_by("external_id", "slug")),
    _stream(
        "relationships",
        required=("first_signup_id", "second_signup_id", "relationship_type"),
        subject="first_signup_id",
    ),
    _stream("precincts", match_keys=("code", "name"), default_match_keys=("code",)),
    _stream("voters", required=("signup_id",), subject="signup_id"),
    _stream("elections"),
    _stream("ballots", required=("voter_id", "election_id")),
    _stream("automations", required=("name",), **_known_by("name")),
    _stream("automation_enrollments", required=("automation_id", "signup_id"), subject="signup_id", can_update=False),
)

_TOLD_BY = {
    "signup_taggings": ("signup_id", "tag_id"),
    "signup_profiles": ("signup_id",),
    "memberships": ("signup_id", "membership_type_id", "started_at"),
    "path_steps": ("path_id", "name"),
    "path_journeys": ("signup_id", "path_id"),
    "path_journey_status_changes": ("path_id", "name"),
    "event_rsvps": ("event_id", "signup_id"),
    "event_ticket_levels": ("event_id", "name"),
    "petition_signatures": ("petition_id", "signup_id"),
    "survey_question_possible_responses": ("survey_question_id", "name"),
    "survey_question_responses": ("survey_question_id", "signup_id"),
    "relationships": ("first_signup_id", "second_signup_id", "relationship_type"),
    "voters": ("signup_id",),
    "ballots": ("voter_id", "election_id"),
    "automation_enrollments": ("automation_id", "signup_id"),
}
"""What tells one record of a stream from another, where no key does."""

_CONSENT = {
    "email": ("email_opt_in", True),
    "phone": ("mobile_opt_in", True),
    "calls": ("do_not_call", False),
    "federal calls": ("federal_donotcall", False),
    "contact": ("do_not_contact", False),
}
"""Channel → its attribute, and what that says of somebody who may be reached."""

_OPT_INS = [attribute for attribute, reachable in _CONSENT.values() if reachable]
"""Consent that NationBuilder assumes where nobody gave it."""

_SLOTS = ("email1", "email2", "email3", "email4")

_KEPT = {
    "signups": {
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
    },
    "events": {"attending_count"},
    "event_ticket_levels": {"tickets_sold"},
}
"""Totals, counts and times that NationBuilder reckons from other records."""

_DONOR = ("first_name", "middle_name", "last_name", "email")

_WITH_PAGE = {"events": "Event", "petitions": "Petition"}
"""Streams whose records stand on a page of their own, made with them, and its type."""

_ACTIONS = {"active": "reactivate", "completed": "complete", "abandoned": "abandon", "deleted": "void"}
"""What brings a journey into each status (released.yaml, "/path_journeys/{id}/…")."""

_OF_CUSTOM_VALUES = {"signups": "Signup", "donations": "Donation"}

MOST_PER_PAGE = 100

LONGEST_ACTION = 600.0
"""Seconds that NationBuilder gets to finish what it does on a list."""

_PROPERTIES = {stream.name: osdi_crm_schemas.schema(_NAME, stream.name)["properties"] for stream in _STREAMS}

_SHOWN = {stream.name: osdi_crm_schemas.vendor_names(_NAME, stream.name) for stream in _STREAMS}


class NationBuilder(DelegatedTo):
    """NationBuilder, API v2 (nationbuilder.com/api/v2/docs/v2/released.yaml)."""

    settings: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "nationbuilder_write_totals": {
            "type": "boolean",
            "default": False,
            "title": "Write NationBuilder totals",
            "description": "Write the totals, counts and times too that NationBuilder reckons itself, such as what "
            "somebody has donated.",
        },
        "nationbuilder_donor_details": {
            "type": "boolean",
            "default": False,
            "title": "Write NationBuilder donor details",
            "description": "Send the names and the e-mail address that stand on donations. NationBuilder puts them on "
            "the donor's signup, in place of the name that is there.",
        },
        "nationbuilder_unknown_custom_fields": {
            "type": "string",
            "enum": ["reject", "withhold"],
            "default": "reject",
            "title": "Unknown NationBuilder custom fields",
            "description": "What to do with values of custom fields that the nation does not have, and that nobody but "
            "people in its control panel can make: reject the record, or write it without them.",
        },
    }

    def __init__(self, account: Account, config: Mapping[str, Any]) -> None:
        super().__init__(account, config)
        self._guard = threading.Lock()
        self._custom_fields: dict[str, dict[str, str]] | None = None
        self._sites: list[str] | None = None
        self._owner: str | None = None
        self._tags: dict[str, str] = {}
        self._own_ids = bool(config.get("ids_are_this_accounts"))
        chosen = (config.get("match_keys") or {}).get("signups", PUSH_KEYS)
        self._pushed_by = set(PUSH_KEYS) & set(chosen)

    @override
    def shape(self, stream: Stream, shaped: Shaped) -> None:
        values = shaped.values
        for name in list(values):
            if values[name] in ("", {}):
                del values[name]
            elif _PROPERTIES[stream.name][name].get("format") == "date":
                values[name] = values[name][:10]
            elif name.endswith(("_address", "_address_attributes")) and isinstance(values[name], dict):
                self._shape_address(stream, name, values[name])
        if not self.config.get("nationbuilder_write_totals"):
            _withhold(shaped, _KEPT.get(stream.name, ()), "totals that NationBuilder keeps")
        if stream.name in _WITH_PAGE:
            self._shape_page(shaped)
        elif own := {
            "signups": _shape_signup,
            "donations": self._shape_donation,
            "signup_taggings": _shape_tagging,
            "path_journeys": _shape_journey,
        }.get(stream.name):
            own(shaped)
        shaped.match_keys |= {key: [_comparable(key, values[key])] for key in stream.match_keys if values.get(key)}

    def _shape_address(self, stream: Stream, name: str, address: Record) -> None:
        unknown = address.keys() - _PROPERTIES[stream.name][name]["properties"].keys()
        if unknown:
            raise Rejection("unknown attributes", f"{name} has no {', '.join(sorted(unknown))}.")
        if (country := self.config.get("default_country")) and not address.get("delete"):
            address.setdefault("country_code", country)

    def _shape_donation(self, shaped: Shaped) -> None:
        """Leave out what NationBuilder would put on the donor's signup; an e-mail address may find the donor."""
        if self.config.get("nationbuilder_donor_details"):
            return
        email = shaped.values.get("email")
        _withhold(shaped, _DONOR, "names and e-mail address of the donor")
        if email and not shaped.refers.get("signup_id"):
            shaped.values["donor_email"] = email

    def _shape_page(self, shaped: Shaped) -> None:
        """Gather what is said of the page that an event or petition stands on, in `page_…` or in `page`."""
        page: Record = {}
        for name in list(shaped.unknown):
            part = name.removeprefix("page_")
            if part != name and _PROPERTIES["pages"].get(part, {}).get("x-write"):
                page[part] = shaped.unknown.pop(name)
            elif name == "page" and isinstance(shaped.unknown[name], dict):
                page |= shaped.unknown.pop(name)
        unknown = [name for name in page if not _PROPERTIES["pages"].get(name, {}).get("x-write")]
        if unknown:
            raise Rejection("unknown attributes", f"A page has no {', '.join(sorted(unknown))}.")
        known_as = shaped.unwritable.get("page_id")
        if not self._own_ids:
            known_as = shaped.refers.pop("page_id", known_as)
        if known_as and not self._own_ids:
            page.setdefault("external_id", self._mark_of("pages", str(known_as)))
        if page:
            shaped.values["page"] = page

    @override
    def check(self, action: str, order: Order) -> None:
        stream, values = order.stream, order.values
        self._check_custom_values(order)
        if stream.name in {"donations", "event_rsvps"} and not order.refers.get("signup_id") and action == "create":
            self._find_giver(order)
        if action != "create":
            return
        if stream.name == "pages" and values.get("page_type_name", "Basic") != "Basic":
            raise Rejection(
                "page of another record",
                f"A page of the type {values['page_type_name']} is made with its event or petition, which is not "
                "written yet.",
                retry=REFERENCE,
            )
        given = {*values, *order.refers} | ({"tag_id"} if values.get("tag_name") else set())
        lacking = [each for each in stream.required if each not in given]
        if lacking:
            raise Rejection("required fields missing", f"To create one, {stream.name} need {', '.join(lacking)}.")
        if stream.name == "signups" and not _told_apart(values):
            raise Rejection("nothing to know the person by", "A new signup needs a name, an e-mail address or a phone.")
        if (self._makes_page(order) or stream.name in {"pages", "suggestion_boxes"}) and not self._site(order):
            raise Rejection(
                "which site",
                f"The nation has {len(self._all_sites())} sites, and the record names none of them. Set 'site_id' to "
                "one of the nation's, with 'ids_are_this_accounts'.",
            )

    def _check_custom_values(self, order: Order) -> None:
        """See that every slug is one of the nation's: an unknown one would fail the whole call."""
        given = order.values.get("custom_values")
        if not given:
            return
        known = self._fields_of(_OF_CUSTOM_VALUES[order.stream.name])
        unknown = sorted(given.keys() - known.keys())
        if unknown and self.config.get("nationbuilder_unknown_custom_fields") != "withhold":
            raise Rejection("unknown custom fields", f"The nation has no custom field {', '.join(unknown)}.")
        order.notes.extend(f"without the custom field {slug}" for slug in unknown)
        fitting = {slug: _fitting(known[slug], value) for slug, value in given.items() if slug in known}
        order.values = {**order.values, "custom_values": fitting}

    def _find_giver(self, order: Order) -> None:
        """Find whom a donation or RSVP belongs to by its e-mail address.

        NationBuilder would make a new signup of an address it does not know, and subscribe it.
        """
        email = order.values.get("email") or order.values.get("donor_email")
        found = self.find(self.streams["signups"], "email", _comparable("email", email)) if email else ()
        if len(found) != 1:
            raise Rejection(
                "nobody to give it to",
                f"The record names no signup, and {len(found)} have its e-mail address. Write the person first: "
                "NationBuilder would make one, and subscribe it.",
            )
        order.refers = {**order.refers, "signup_id": found[0].id}

    @override
    def find(self, stream: Stream, key: str, value: str) -> Sequence[Found]:
        found = self._search(stream.name, {"with_email_address" if key == "email" else key: value})
        if stream.name == "signup_tags" and not found:
            found = self._search(stream.name, {f"{key}][match": value})
        return [each for each in map(self._found, found) if value in self.keys_of(stream, each.record or {})[key]]

    @override
    def same(self, order: Order) -> Sequence[Found]:
        if order.stream.name == "signup_taggings":  # refused as taken where it exists, which costs less than to look
            return ()
        if order.stream.name in _WITH_PAGE:
            return self._on_page(order)
        if order.stream.name == "pages":
            if order.values.get("page_type_name", "Basic") == "Basic":
                return ()
            return [self._found(each) for each in self._search("pages", {"external_id": str(order.foreign_id)})]
        return [
            each
            for each in self._alike(order)
            if (each.record or {}).get("journey_status", "active") in {"active", order.values.get("journey_status")}
        ]

    def _on_page(self, order: Order) -> list[Found]:
        """The event or petition whose page was made with it."""
        mark = str((order.values.get("page") or {}).get("external_id") or order.foreign_id)
        pages = [str(each["id"]) for each in self._search("pages", {"external_id": mark})]
        return [self._found(each) for page in pages for each in self._search(order.stream.name, {"page_id": page})]

    def _alike(self, order: Order) -> list[Found]:
        """The records that refer to the same, and cannot be told from the order by anything else."""
        stream = order.stream.name
        told_by = _TOLD_BY.get(stream, ())
        wanted = {**order.values, **order.refers}
        wanted = {name: wanted[name] for name in told_by if wanted.get(name) is not None}
        if not told_by or not {name for name in told_by if name.endswith("_id")} <= wanted.keys():
            return []
        filters = {name: str(value) for name, value in wanted.items() if name.endswith("_id")}
        if stream == "event_rsvps":  # whose RSVP it is stands in no attribute
            del filters["signup_id"]
            email = order.values.get("email") or self._email_of(wanted["signup_id"])
            if not email:
                return []
            filters["email"] = email
        found = [self._found(each) for each in self._search(stream, filters)]
        return [each for each in found if not verify.differences(wanted, each.record or {})]

    def _email_of(self, signup: str) -> str | None:
        answer = self.account.call("GET", f"signups/{signup}", params={"fields[signups]": "email"}, repeatable=True)
        email: str | None = answer.json()["data"]["attributes"].get("email")
        return email

    @override
    def read(self, vendor_id: str, order: Order) -> Record | None:
        stream = order.stream.name
        try:
            answer = self.account.call("GET", f"{stream}/{vendor_id}", params=_extra_fields(order), repeatable=True)
        except errors.NotFound:
            return None
        return _flat(answer.json()["data"])

    @override
    def look_up(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look by what the vendor holds only once, or by what was made since and is just like it; never money."""
        stream = order.stream
        earliest = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        if stream.name in _WITH_PAGE:
            return self._on_page(order)
        if stream.name in _TOLD_BY:
            found = self._alike(order)
        elif keyed := [key for key in stream.default_match_keys if order.values.get(key)]:
            value = _comparable(keyed[0], order.values[keyed[0]])
            found = list(self.find(stream, keyed[0], value))
        elif stream.subject or "created_at" not in _PROPERTIES[stream.name]:
            return None
        else:
            shown = [self._found(each) for each in self._all(stream.name, {"filter[created_at][gte]": earliest})]
            found = [each for each in shown if not self.differences(order, each.record or {})]
        made = ((each, (each.record or {}).get("created_at")) for each in found)
        return [each for each, at in made if at is None or _instant(at) >= _instant(earliest)]

    @override
    def mark(self, stream: Stream, source_key: str) -> str | None:
        """The external id of the page that an event or petition is made with."""
        return self._mark_of(stream.name, source_key) if stream.name in {*_WITH_PAGE, "pages"} else None

    def _mark_of(self, stream: str, source_key: str) -> str:
        whose = "\0".join((self.account.name, str(self.config.get("source") or "default"), stream, source_key))
        return f"osdi-crm-{hashlib.sha256(whose.encode()).hexdigest()[:24]}"

    @override
    def repeatable(self, order: Order) -> bool:
        """A signup is, if it can be pushed: it has keys, and none that the settings leave out."""
        if order.stream.name != "signups":
            return order.stream.idempotent
        keys = {key for key in PUSH_KEYS if order.values.get(key)}
        return bool(keys) and keys <= self._pushed_by and self.config.get("mode") != "create"

    @override
    def create(self, order: Order) -> Record:
        stream = order.stream
        if stream.name == "signups":
            return self._create_signup(order)
        self._name_tag(order)
        document = self._document(order, "create")
        if self._makes_page(order):
            self._put_on_page(order, document)
        try:
            reply = self._reply("POST", stream.name, order, document, repeatable=stream.idempotent)
        except errors.Refused as refused:
            if refused.status != 422 or not (there := self._there(order, refused)):
                raise
            if not stream.can_update:
                return there.record or {}
            reply = self.update(there.id, order, None)
        return self._turned(order, reply)

    def _name_tag(self, order: Order) -> None:
        """Find the tag that a tagging names, or make it."""
        name = order.values.get("tag_name")
        if not name:
            return
        tags, key = self.streams["signup_tags"], _comparable("name", name)
        with self._guard:
            if key not in self._tags:
                found = self.find(tags, "name", key)
                self._tags[key] = found[0].id if found else str(self.create(Order(tags, {"name": name}, {}))["id"])
        order.refers = {**order.refers, "tag_id": self._tags[key]}

    def _create_signup(self, order: Order) -> Record:
        """Push a signup that has a key, so that none is made twice; post one without, or where only new ones may be."""
        document = self._document(order, "create")
        document["data"]["attributes"] = {**dict.fromkeys(_OPT_INS, False), **document["data"]["attributes"]}
        if self.repeatable(order):
            return self._reply("PATCH", "signups/push", order, document, repeatable=True)
        return self._reply("POST", "signups", order, document, repeatable=False)

    def _there(self, order: Order, refused: errors.Refused) -> Found | None:
        """The record in the way of a new one, if there is just one; it may be too new to be found at once."""
        found = self._in_the_way(order)
        if not found and any(word in refused.words for word in ("taken", "already")):
            time.sleep(self.account.index_lag)
            found = self._in_the_way(order)
        return found[0] if len(found) == 1 else None

    def _in_the_way(self, order: Order) -> Sequence[Found]:
        found: Sequence[Found] = self._alike(order)
        for key in order.stream.default_match_keys:
            if not found and order.values.get(key):
                found = self.find(order.stream, key, _comparable(key, order.values[key]))
        return found

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        document = self._document(order, "update")
        data = document["data"]
        data["id"] = vendor_id
        if order.statuses.get("email") == IN and (current or {}).get("unsubscribed_at"):
            data["attributes"]["unsubscribed_at"] = None
        if order.values.get("page") and (page := self._page_of(vendor_id, order, current)):
            link = {"type": "pages", "id": page, "method": "update"}
            data.setdefault("relationships", {})["page"] = {"data": link}
            attributes = {name: part for name, part in order.values["page"].items() if name != "external_id"}
            document["included"] = [{"type": "pages", "id": page, "attributes": attributes}]
        reply = self._reply("PATCH", f"{order.stream.name}/{vendor_id}", order, document, repeatable=True)
        return self._turned(order, reply)

    def _page_of(self, vendor_id: str, order: Order, current: Record | None) -> str | None:
        shown = self.read(vendor_id, order) if current is None else current
        return (shown or {}).get("page_id")

    def _turned(self, order: Order, reply: Record) -> Record:
        """Bring a journey into the status that the record gives it."""
        wanted = order.values.get("journey_status")
        if not wanted or reply.get("journey_status") == wanted:
            return reply
        if wanted not in _ACTIONS:
            raise Rejection("unknown status", f"journey_status is none of {', '.join(_ACTIONS)}.")
        reason = order.refers.get("path_journey_status_change_id")
        params = {"path_journey_status_change_id": reason} if reason and wanted in {"completed", "abandoned"} else {}
        path = f"path_journeys/{reply['id']}/{_ACTIONS[wanted]}"
        answer = self.account.call("PATCH", path, params=params, repeatable=False)
        return _flat(answer.json()["data"])

    @override
    def delete(self, vendor_id: str | None, order: Order) -> bool:
        """Take a tag from somebody."""
        if vendor_id is None:
            self._name_tag(order)
            found = self._alike(order)
            if not found:
                return False
            vendor_id = found[0].id
        try:
            self.account.call("DELETE", f"{order.stream.name}/{vendor_id}", repeatable=True)
        except errors.NotFound:
            return False
        return True

    @override
    def write_together(self, orders: Sequence[Order], *, deleted: bool) -> list[Record | Exception]:
        """Put people on a list or take them off it, and wait until that is done (released.yaml, "/lists/{id}/…")."""
        key, action = orders[0].refers["list_id"], "remove_signups" if deleted else "add_signups"
        data = {"id": key, "type": "lists", "signup_ids": [order.refers["signup_id"] for order in orders]}
        path = f"lists/{key}/{action}"
        answer = self.account.call("PATCH", path, json={"data": data}, repeatable=True).json()
        if not isinstance(answer, dict) or not answer.get("token"):
            raise errors.Garbled("the answer shows no token", method="PATCH", path=path, status=202)
        self._wait_for(answer["token"])
        return [dict(order.refers) for order in orders]

    @override
    def id_of(self, record: Record) -> str | None:
        if "id" in record:
            return str(record["id"])
        return f"{record['list_id']}/{record['signup_id']}" if "list_id" in record else None

    @override
    def keys_of(self, stream: Stream, record: Record) -> Mapping[str, Sequence[str]]:
        keys = {key: [_comparable(key, record[key])] if record.get(key) else [] for key in stream.match_keys}
        if stream.name == "signups":
            slots = [record[name] for name in ("email", *_SLOTS) if record.get(name)]
            keys["email"] = [_comparable("email", each) for each in slots]
        return keys

    @override
    def states(self, record: Record) -> Mapping[str, str | None]:
        if "email_opt_in" not in record:
            return {}
        slot = f"email{record.get('primary_email_id') or 1}"
        bad = {
            "email": record.get(f"{slot}_is_bad") or record.get(f"{slot}_is_bouncing"),
            "phone": record.get("is_mobile_bad"),
        }
        addresses = {"email": record.get("email"), "phone": record.get("mobile_number")}
        states: dict[str, str | None] = {}
        for channel, (attribute, reachable) in _CONSENT.items():
            out = bool(record.get(attribute)) is not reachable
            if bad.get(channel):
                states[channel] = BLOCKED
            elif out or (channel == "email" and record.get("unsubscribed_at")):
                states[channel] = OUT
            else:
                states[channel] = IN if addresses.get(channel, True) else None
        return states

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        stream = order.stream.name
        names = _SHOWN[stream]
        sent = {names[name]: value for name, value in order.values.items() if name in names}
        if sent.get("page_type_name", "Basic") != "Basic":
            del sent["page_type_name"]
        unlike = verify.differences(sent, record)
        for name, given in order.refers.items():
            if name in names and name in record and str(record[name]) != str(given):
                unlike.append(name)
        for channel, status in order.statuses.items():
            attribute, reachable = _CONSENT[channel]
            if record.get(attribute) is not (reachable if status == IN else not reachable):
                unlike.append(attribute)
        return unlike

    def _document(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        """The body of a write (jsonapi.org/format, "Creating Resources"; "API v2 Core Concepts")."""
        stream = order.stream.name
        names = osdi_crm_schemas.write_names(_NAME, stream, operation)
        attributes = {names[name]: value for name, value in order.values.items() if name in names}
        if attributes.get("page_type_name", "Basic") != "Basic":
            del attributes["page_type_name"]
        relationships: Record = {}
        for name, given in order.refers.items():
            if name not in names:
                continue
            prop = _PROPERTIES[stream][name]
            if link := prop.get("x-link"):
                relationships[link] = {"data": {"type": prop["x-refers-to"], "id": given}}
            else:
                attributes[names[name]] = given
        for channel, status in order.statuses.items():
            attribute, reachable = _CONSENT[channel]
            attributes[attribute] = reachable if status == IN else not reachable
        if operation == "create" and "site_id" in names and not attributes.get("site_id"):
            attributes["site_id"] = self._site(order)
        if operation == "create" and stream == "lists" and not attributes.get("author_id"):
            attributes["author_id"] = self._me()
        data: Record = {"type": stream, "attributes": attributes}
        if relationships:
            data["relationships"] = relationships
        return {"data": data}

    def _makes_page(self, order: Order) -> bool:
        """Whether a record brings the page that it stands on."""
        return order.stream.name in _WITH_PAGE and not order.refers.get("page_id")

    def _put_on_page(self, order: Order, document: Record) -> None:
        """Make the page with its event or petition (released.yaml, "POST /events", "POST /petitions")."""
        given = order.values.get("page") or {}
        kind = _WITH_PAGE[order.stream.name]
        names = (given.get("name"), given.get("title"), given.get("headline"), order.values.get("venue_name"), kind)
        name = next(each for each in names if each)
        mark = str(given.get("external_id") or order.foreign_id)
        page = {
            "site_id": self._site(order),
            "name": name,
            "title": name,
            "headline": name,
            "slug": mark,
            "status": "unlisted",
            "permission_level": "anyone",
            **given,
            "external_id": mark,
            "page_type_name": kind,
        }
        document["data"].setdefault("relationships", {})["page"] = {
            "data": {"type": "pages", "temp-id": "page", "method": "create"}
        }
        document["included"] = [{"type": "pages", "temp-id": "page", "attributes": page}]

    def _site(self, order: Order) -> str | None:
        """The site that a page is made on: the one it names, or the nation's only one."""
        given = (order.values.get("page") or {}).get("site_id") or order.refers.get("site_id")
        if given:
            return str(given)
        sites = self._all_sites()
        return sites[0] if len(sites) == 1 else None

    def _me(self) -> str:
        """The signup that owns the token."""
        with self._guard:
            if self._owner is None:
                self._owner = str(self.account.call("GET", "signups/me", repeatable=True).json()["data"]["id"])
            return self._owner

    def _all_sites(self) -> list[str]:
        with self._guard:
            if self._sites is None:
                self._sites = [str(each["id"]) for each in self._all("sites", {})]
            return self._sites

    def _fields_of(self, resource_type: str) -> Mapping[str, str]:
        """The nation's custom fields of one kind of record: slug → type."""
        with self._guard:
            if self._custom_fields is None:
                self._custom_fields = {}
                for each in self._all("custom_fields", {}):
                    field = each["attributes"]
                    of_kind = self._custom_fields.setdefault(str(field.get("resource_type")), {})
                    of_kind[str(field["slug"])] = str(field.get("field_type"))
            return self._custom_fields.get(resource_type, {})

    def _wait_for(self, token: str) -> None:
        """Wait until NationBuilder has done what it took (released.yaml, "/async_processes/{token}").

        Raises:
            VendorError: If it does not tell.
            Rejection: If it did not do it.
        """
        deadline, pause = time.monotonic() + LONGEST_ACTION, 0.1
        while True:
            process = self.account.call("GET", f"async_processes/{token}", repeatable=True).json()
            status = str(process.get("status")).lower()
            if status == "completed":
                return
            if any(word in status for word in ("fail", "error", "cancel")) or time.monotonic() > deadline:
                words = f"The action on the list ended as '{status}': {process.get('message')}"
                raise Rejection("the vendor did not manage", words, retry=EACH_RUN)
            time.sleep(pause)
            pause = min(2 * pause, 5.0)

    def _reply(self, method: str, path: str, order: Order, document: Record, *, repeatable: bool) -> Record:
        params = _extra_fields(order)
        answer = self.account.call(method, path, params=params, json=document, repeatable=repeatable).json()
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict) or not data.get("id"):
            raise errors.Garbled("the answer shows no record", method=method, path=path, status=200)
        return _flat(data)

    def _search(self, path: str, filters: Mapping[str, str]) -> list[Record]:
        """One page of what these filters leave ("API v2: Using parameters"); a comma in a value means no second one."""
        params = {f"filter[{name}]": f"{{{{{value}}}}}" if "," in value else value for name, value in filters.items()}
        params["page[size]"] = str(MOST_PER_PAGE)
        found: list[Record] = self.account.call("GET", path, params=params, repeatable=True).json()["data"]
        return found

    def _all(self, path: str, query: Mapping[str, str]) -> Iterator[Record]:
        """Read a whole collection, page after page."""
        page = 1
        while True:
            params = {**query, "page[number]": page, "page[size]": MOST_PER_PAGE}
            shown = self.account.call("GET", path, params=params, repeatable=True).json()["data"]
            yield from shown
            if len(shown) < MOST_PER_PAGE:
                return
            page += 1

    def _found(self, data: Record) -> Found:
        record = _flat(data)
        return Found(record["id"], record)


def _shape_signup(shaped: Shaped) -> None:
    """Take addresses apart from consent; bounces at the source are bounces here, and none is ever taken back."""
    values, others = shaped.values, shaped.unwritable
    primary = f"email{values.get('primary_email_id', 1)}"
    if not values.get("email") and values.get(primary):
        values["email"] = values[primary]
    if values.get(primary) and _comparable("email", values[primary]) != _comparable("email", values["email"]):
        del values[primary]
        shaped.withheld.append(f"{primary} other than email")
    for name in (*(f"{slot}_is_bad" for slot in _SLOTS), "is_mobile_bad"):
        if others.get(name.replace("_bad", "_bouncing")):
            values[name] = True
        if not values.get(name):
            values.pop(name, None)
    given = {channel: values.pop(attribute, None) for channel, (attribute, _) in _CONSENT.items()}
    email = _comparable("email", values["email"]) if values.get("email") else ""
    phones = {name: _digits(values[name]) for name in ("mobile_number", "phone_number") if values.get(name)}
    addresses = {
        "email": email,
        "phone": phones.get("mobile_number", ""),
        "calls": phones.get("phone_number") or phones.get("mobile_number", ""),
        "federal calls": phones.get("phone_number") or phones.get("mobile_number", ""),
        "contact": email or next(iter(phones.values()), ""),
    }
    for channel, (attribute, reachable) in _CONSENT.items():
        status = None if given[channel] is None else IN if given[channel] is reachable else OUT
        if channel == "email" and values.get("unsubscribed_at"):
            status = OUT
        if status or (attribute in _OPT_INS and addresses[channel]):
            shaped.consent[channel] = RequestedConsent(addresses[channel], status)


def _shape_tagging(shaped: Shaped) -> None:
    """Take a tag by its name where its id is not given."""
    names = [shaped.unknown.pop(name) for name in ("tag", "tag_name") if name in shaped.unknown]
    if names and not shaped.refers.get("tag_id"):
        shaped.values["tag_name"] = str(names[0]).strip()


def _shape_journey(shaped: Shaped) -> None:
    if status := shaped.unwritable.get("journey_status"):
        shaped.values["journey_status"] = status


def _flat(data: Record) -> Record:
    """A record as the vendor shows it, its id and what its relationships point to beside its attributes."""
    record: Record = {**(data.get("attributes") or {}), "id": str(data["id"])}
    relationships = data.get("relationships") or {}
    for name, prop in _PROPERTIES.get(str(data.get("type")), {}).items():
        if (link := prop.get("x-link")) and link in relationships:
            record[name] = _linked(relationships[link])
    return record


def _linked(relationship: Mapping[str, Any]) -> str | None:
    """The id of what a relationship points to: in its data where included, else at the end of its link."""
    if isinstance(data := relationship.get("data"), dict):
        return str(data["id"])
    link = (relationship.get("links") or {}).get("related")
    return str(link).split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1] if link else None


def _extra_fields(order: Order) -> dict[str, str]:
    """Ask for what was sent and is shown to those only who ask ("API v2: Using parameters")."""
    stream = order.stream.name
    wanted = [name for name in order.values if _PROPERTIES[stream].get(name, {}).get("x-extra-field")]
    return {f"extra_fields[{stream}]": ",".join(wanted)} if wanted else {}


def _withhold(shaped: Shaped, names: Any, words: str) -> None:
    found = [name for name in names if name in shaped.values or name in shaped.refers]
    for name in found:
        shaped.values.pop(name, None)
        shaped.refers.pop(name, None)
    if found:
        shaped.withheld.append(words)


def _told_apart(values: Record) -> bool:
    names = ("first_name", "middle_name", "last_name", "legal_name", "email", *_SLOTS)
    return any(values.get(name) for name in (*names, "phone_number", "mobile_number", "work_phone_number"))


def _comparable(key: str, value: Any) -> str:
    """A match key as the vendor compares it: e-mail addresses, names and slugs whatever their case."""
    text = str(value).strip()
    return text.lower() if key in {"email", "name", "slug"} else text


def _digits(phone: Any) -> str:
    return "".join(each for each in str(phone) if each.isdigit())


def _fitting(field_type: str, value: Any) -> Any:
    """A custom value as its field takes it, where it came as the text or number that a warehouse makes of it."""
    text = str(value).strip()
    if field_type == "checkbox" and text.lower() in {"true", "false", "1", "0"}:
        return text.lower() in {"true", "1"}
    if field_type == "number" and isinstance(value, str):
        try:
            return float(text)
        except ValueError:
            return value
    if field_type in {"text", "multiple_choice"} and not isinstance(value, str):
        return verify.normal(value)
    return value


def _instant(text: str) -> Any:
    return verify.normal(text)


VENDOR = Vendor(
    streams={stream.name: stream for stream in _STREAMS},
    people="signups",
    settings=NationBuilder.settings,
    shaping=tuple(NationBuilder.settings),
    session=NationBuilder,
)
