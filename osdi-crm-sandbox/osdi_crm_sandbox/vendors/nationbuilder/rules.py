"""What NationBuilder makes of records as they are written: derived values, validations and side effects."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendors.nationbuilder.answers import flat
from osdi_crm_sandbox.vendors.nationbuilder.keeping import Draft, Invalid, Transaction, next_id
from osdi_crm_sandbox.vendors.nationbuilder.queries import ADDRESSES
from osdi_crm_sandbox.vendors.nationbuilder.resources import HERE, KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from osdi_crm_sandbox.vendor import Record

EMAILS = ("email", "email1", "email2", "email3", "email4")
PHONES = ("phone_number", "mobile_number", "work_phone_number")
NAMES = ("first_name", "middle_name", "last_name")
PERMISSIONS = ("anyone", "logged_in", "members", "control_panel_users", "admins")
OPEN_TYPES = ("Basic",)
"""Kinds of page that can be made by themselves."""


def complete(draft: Draft) -> str:
    """Finishes a record and stores it; its id.

    Raises:
        Invalid: it cannot be so.
        Rejected: the same, in a resource's own words.
    """
    transaction, kind = draft.transaction, draft.kind
    BEFORE.get(kind.name, _nothing)(draft)
    _check_enumerations(draft)
    _check_required(draft)
    _check_references(draft)
    _check_unique(draft)
    if draft.flaws:
        raise Invalid(draft.flaws)
    if draft.old is None:
        draft.new |= {"id": next_id(transaction.account, kind.name), "created_at": transaction.now}
    draft.new["updated_at"] = transaction.now
    transaction.put(kind.name, draft.new)
    if draft.old is None:
        transaction.count(kind.name, draft.new, 1)
    AFTER.get(kind.name, _nothing)(draft)
    return str(draft.new["id"])


def _nothing(_draft: Draft) -> None:
    pass


def _check_enumerations(draft: Draft) -> None:
    for name, value in draft.sent.items():
        attribute = draft.kind.attributes[name]
        if attribute.values and value is not None and value not in attribute.values:
            or_null = " or null" if attribute.nullable else ""
            words = f"value must be one of {json.dumps(list(attribute.values))}{or_null}"
            draft.refuse(name, words, "inclusion", label=name)
        elif value is None and not attribute.nullable and name not in draft.kind.required:
            draft.refuse(name, "can't be blank", "blank")


def _check_required(draft: Draft) -> None:
    known = {flaw.attribute for flaw in draft.flaws}
    for name in draft.kind.required:
        asked = draft.old is None or name in draft.sent
        if asked and draft.new.get(name) in (None, "") and name not in known:
            draft.refuse(name, "can't be blank", "blank")


def _check_references(draft: Draft) -> None:
    for name in draft.sent:
        to, value = draft.kind.attributes[name].refers_to, draft.new.get(name)
        if to and value is not None and draft.transaction.get(to, value) is None:
            draft.refuse(name, "must exist", "blank")


def _check_unique(draft: Draft) -> None:
    for name in draft.kind.unique:
        if draft.changed(name) and _is_taken(draft, name):
            draft.refuse(name, "has already been taken", "taken")


def _is_taken(draft: Draft, name: str, resource: str | None = None) -> bool:
    value = draft.new.get(name)
    if value in (None, ""):
        return False
    own = draft.new.get("id") if resource is None else draft.new.get("page_id")
    return any(key != own for key in draft.transaction.find(resource or draft.kind.name, **{name: value}))


# Signups


def _signup(draft: Draft) -> None:
    new, sent = draft.new, draft.sent
    if any(name in sent for name in (*EMAILS, "primary_email_id")):
        slot = f"email{new.get('primary_email_id') or 1}"
        if "email" in sent:
            new[slot] = sent["email"]
        new["email"] = new.get(slot)
        _check_emails(draft)
    if draft.old is None and not any(new.get(name) for name in ("legal_name", *NAMES, *EMAILS, *PHONES)):
        draft.refuse("base", "A signup needs a name, an email or a phone number", "blank", label="")
    if draft.old is None or draft.changed("legal_name", *NAMES):
        parts = " ".join(str(new[name]) for name in NAMES if new.get(name))
        new["full_name"] = parts or new.get("legal_name")
    now = draft.transaction.now
    for name, stamp in (
        ("note", "note_updated_at"),
        ("priority_level", "priority_level_changed_at"),
        ("support_level", "support_level_changed_at"),
    ):
        if draft.changed(name):
            new[stamp] = now
    if draft.changed("profile_content"):
        content = new.get("profile_content")
        new["profile_content_html"] = None if content is None else f"<p>{content}</p>"


def _check_emails(draft: Draft) -> None:
    seen = set()
    for name in EMAILS:
        address = draft.sent.get(name)
        if address in (None, "") or address in seen:
            continue
        seen.add(address)
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
            draft.refuse(name, f"'{address}' should look like an email address", "invalid")
        elif any(key != draft.new.get("id") for key in draft.transaction.find("signups", with_email_address=address)):
            draft.refuse(name, "has already been taken", "taken")


def save_signup(transaction: Transaction, key: str | None, values: Record) -> str:
    """Changes a signup, or makes one; its id."""
    old = transaction.get("signups", key) if key else None
    return complete(Draft(transaction, KINDS["signups"], old, {**(old or {}), **values}, values))


def by_email(transaction: Transaction, address: str | None) -> str | None:
    """The signup that has this e-mail in one of its slots."""
    return next(iter(transaction.find("signups", with_email_address=address)), None) if address else None


def merged_address(old: Record | None, given: Record) -> Record | None:
    """An address after a write: keys not sent stay, `delete` removes it all."""
    if given.get("delete"):
        return None
    return {**(old or {}), **{name: value for name, value in given.items() if name != "delete"}}


def _tagging(draft: Draft) -> None:
    if draft.transaction.find("signup_taggings", signup_id=draft.new.get("signup_id"), tag_id=draft.new.get("tag_id")):
        draft.refuse("tag_id", "has already been taken", "taken")


def _contacted(draft: Draft) -> None:
    if draft.old is None:
        draft.transaction.change(
            "signups",
            draft.new["signup_id"],
            last_contacted_at=draft.transaction.now,
            last_contacted_by_id=draft.new.get("author_id"),
            contact_status=draft.new.get("contact_status"),
        )


# Money


def _money(cents: int | None) -> str:
    return f"{Decimal(cents or 0) / 100:.2f}"


def _donation(draft: Draft) -> None:
    new, transaction = draft.new, draft.transaction
    new["amount"] = _money(new.get("amount_in_cents"))
    new["status"] = next(
        (name for name in ("canceled", "failed", "succeeded", "pending") if new.get(f"{name}_at") is not None), None
    )
    types = {record["id"]: record["name"] for record in transaction.account.tables["payment_types"].records.values()}
    if draft.sent.get("payment_type_id") is not None:
        new["payment_type_name"] = types.get(new["payment_type_id"])
    elif draft.sent.get("payment_type_name") is not None:
        new["payment_type_id"] = next((key for key, name in types.items() if name == new["payment_type_name"]), None)
        if new["payment_type_id"] is None:
            draft.refuse("payment_type_name", "is not included in the list", "inclusion")
    names = {name: draft.sent[name] for name in NAMES if draft.sent.get(name)}
    if new.get("signup_id") is None:
        new["signup_id"] = by_email(transaction, new.get("email"))
        if new["signup_id"] is None and (names or new.get("email")):
            new["signup_id"] = save_signup(
                transaction, None, names | ({"email": new["email"]} if new.get("email") else {})
            )
    if new["signup_id"] is None:
        draft.refuse("signup_id", "can't be blank", "blank")
        return
    signup = transaction.get("signups", new["signup_id"])
    if signup is not None and (names or draft.sent.get("email")):
        save_signup(transaction, signup["id"], names | _further_email(transaction, signup, draft.sent.get("email")))


def _further_email(transaction: Transaction, signup: Record, address: str | None) -> Record:
    """The slot for an e-mail that nobody has."""
    if not address or by_email(transaction, address):
        return {}
    slot = next((name for name in EMAILS[1:] if not signup.get(name)), None)
    return {slot: address} if slot else {}


def _donated(draft: Draft) -> None:
    signup = draft.transaction.get("signups", draft.new["signup_id"])
    if signup is not None and draft.new["status"] == "succeeded" and not signup.get("is_donor"):
        draft.transaction.put("signups", {**signup, "is_donor": True})
    pledge = draft.transaction.get("pledges", draft.new.get("pledge_id"))
    if pledge is not None:
        draft.transaction.change("pledges", pledge["id"], amount_left_in_cents=_left(draft.transaction, pledge))


def _left(transaction: Transaction, pledge: Record) -> int:
    donations = transaction.account.tables["donations"].records
    given = [donations[key] for key in transaction.find("donations", pledge_id=pledge["id"])]
    paid = sum(one.get("amount_in_cents", 0) for one in given if one.get("status") == "succeeded")
    left: int = max(0, (pledge.get("amount_in_cents") or 0) - paid)
    return left


def _pledge(draft: Draft) -> None:
    draft.new["amount"] = _money(draft.new.get("amount_in_cents"))
    pledged = draft.new.get("amount_in_cents") or 0
    draft.new["amount_left_in_cents"] = pledged if draft.old is None else _left(draft.transaction, draft.new)


def _election(draft: Draft) -> None:
    draft.new["donation_maximum"] = _money(draft.new.get("donation_maximum_in_cents"))


# Paths


def _path_step(draft: Draft) -> None:
    new, transaction = draft.new, draft.transaction
    others = {
        key: transaction.get("path_steps", key) for key in transaction.find("path_steps", path_id=new.get("path_id"))
    }
    places = {key: record.get("position") or 0 for key, record in others.items() if record and key != new.get("id")}
    if new.get("position") is None:
        new["position"] = max(places.values(), default=0) + 1 if draft.old is None else None
    elif draft.changed("position") and new["position"] in places.values():
        for key, place in places.items():
            if place >= new["position"]:
                transaction.change("path_steps", key, position=place + 1)


def _journey(draft: Draft) -> None:
    new, transaction = draft.new, draft.transaction
    steps = [transaction.get("path_steps", key) for key in transaction.find("path_steps", path_id=new.get("path_id"))]
    known = sorted((step for step in steps if step), key=lambda step: step.get("position") or 0)
    if draft.old is None:
        new["journey_status"] = "active"
        if new.get("current_step_id") is None and known:
            new["current_step_id"] = known[0]["id"]
        same = transaction.find("path_journeys", signup_id=new.get("signup_id"), path_id=new.get("path_id"))
        if any((transaction.get("path_journeys", key) or {}).get("journey_status") == "active" for key in same):
            draft.refuse("path_id", "already has an active journey for this signup", "taken")
    if new.get("current_step_id") is not None and new["current_step_id"] not in [step["id"] for step in known]:
        draft.refuse("current_step_id", "must belong to the path", "invalid")
    if draft.changed("current_step_id"):
        new["last_moved_at"] = transaction.now


def _journeyed(draft: Draft) -> None:
    if draft.old is None:
        return
    for name, category in (
        ("current_step_id", "step_change"),
        ("point_person_id", "new_point_person"),
        ("current_step_point_person_id", "new_current_step_point_person"),
    ):
        if draft.changed(name):
            record_history(draft.transaction, draft.new, category)


def record_history(transaction: Transaction, journey: Record, category: str) -> None:
    """What happened to a journey."""
    transaction.add(
        "path_histories",
        {
            "category": category,
            "path_journey_id": journey["id"],
            "path_step_id": journey.get("current_step_id"),
            "point_person_id": journey.get("point_person_id"),
            "current_step_point_person_id": journey.get("current_step_point_person_id"),
            "path_journey_status_change_id": journey.get("path_journey_status_change_id"),
        },
    )


# Pages and what stands on them


def _page(draft: Draft) -> None:
    new = draft.new
    new.setdefault("page_type_name", "Basic")
    if draft.changed("page_type_name") and not draft.beside and new["page_type_name"] not in OPEN_TYPES:
        draft.refuse("page_type_name", f"value must be one of {json.dumps(OPEN_TYPES)}", "inclusion", "page_type_name")
    _place_page(draft.transaction, new)


def _place_page(transaction: Transaction, page: Record) -> None:
    parent = transaction.get("pages", page.get("parent_id")) or {}
    above = parent.get("effective_permission_level")
    levels = [level for level in (above, page.get("permission_level")) if level in PERMISSIONS]
    page |= {
        "parent_slug": parent.get("slug"),
        "ancestors_permission_level": above,
        "effective_permission_level": max(levels, key=PERMISSIONS.index, default="anyone"),
        "url_path": f"/{page.get('slug')}",
    }
    if page.get("status") == "published" and page.get("published_at") is None:
        page["published_at"] = transaction.now


def _flags(draft: Draft) -> None:
    """Switches that are never null are off unless set."""
    for attribute in draft.kind.served:
        if attribute.kind == "boolean" and not attribute.nullable and attribute.default is None:
            draft.new.setdefault(attribute.name, False)


ATTENDEE = ("first_name", "last_name", "email")


def _rsvp(draft: Draft) -> None:
    new, transaction = draft.new, draft.transaction
    if draft.old is not None:
        return
    event = transaction.get("events", new.get("event_id")) or {}
    if new.get("page_id") is None:
        new["page_id"] = event.get("page_id")
    onto = {f"{name}_address": new.pop(f"{name}_address") for name in ADDRESSES if f"{name}_address" in new}
    if draft.sent.get("phone_number"):
        onto["phone_number"] = draft.sent["phone_number"]
    if new.get("_signup_id") is None:
        missing = [name for name in ATTENDEE if not new.get(name)]
        for name in missing:
            draft.refuse(name, "can't be blank", "blank")
        if missing or not event:
            return
        new["_signup_id"] = by_email(transaction, new["email"])
        onto |= {} if new["_signup_id"] else {name: new[name] for name in ATTENDEE}
    if onto:
        new["_signup_id"] = save_signup(transaction, new["_signup_id"], onto)
    signup = transaction.get("signups", new["_signup_id"]) or {}
    new |= {name: signup.get(name) for name in ATTENDEE if new.get(name) is None}


def _ticket_level(draft: Draft) -> None:
    if (draft.new.get("amount_in_cents") or 1) <= 0 or draft.new.get("amount_in_cents") == 0:
        draft.refuse("amount_in_cents", "must be greater than 0", "greater_than")


def _signature(draft: Draft) -> None:
    petition = draft.transaction.get("petitions", draft.new.get("petition_id")) or {}
    draft.new["page_id"] = petition.get("page_id")


# Surveys


def _question(draft: Draft) -> None:
    new, transaction = draft.new, draft.transaction
    if len(new.get("slug") or "") > 20:
        draft.refuse("slug", "is too long (maximum is 20 characters)", "too_long")
    if draft.old is None and new.get("survey_id"):
        new["position"] = len(transaction.find("survey_questions", survey_id=new["survey_id"]))
    if new.get("status") == "published" and new.get("published_at") is None:
        new["published_at"] = transaction.now


def _possible_response(draft: Draft) -> None:
    if draft.old is None and draft.new.get("position") is None:
        others = draft.transaction.find(
            "survey_question_possible_responses", survey_question_id=draft.new.get("survey_question_id")
        )
        draft.new["position"] = len(others) + 1


def _response(draft: Draft) -> None:
    new = draft.new
    new.setdefault("is_skipped", False)
    if draft.old is None:
        question = draft.transaction.get("survey_questions", new.get("survey_question_id")) or {}
        if new.get("question_format") is None and question.get("question_format"):
            new["question_format"] = question["question_format"]
        if new.get("content") in (None, "") and new.get("survey_question_possible_response_id") is None:
            draft.refuse("content", "can't be blank", "blank")


# Suggestions


def _slug(text: Any) -> str:
    return re.sub(r"[^a-z0-9]+", "-", str(text).lower()).strip("-")


def _suggestion_box(draft: Draft) -> None:
    new = draft.new
    _flags(draft)
    if not new.get("slug") and new.get("name"):
        new["slug"] = _slug(new["name"])
    if not new.get("title"):
        new["title"] = new.get("name")
    _with_page(draft, {"page_type_name": "Suggestion Box", "name": new.get("name"), "title": new.get("title")})


def _suggestion(draft: Draft) -> None:
    new, transaction = draft.new, draft.transaction
    box = transaction.get("suggestion_boxes", new.get("suggestion_box_id"))
    if new.get("suggestion_box_id") is not None and box is None:
        key = new["suggestion_box_id"]
        words = f"The referenced resource 'SuggestionBox' with id '{key}' could not be found."
        raise flat(422, "unprocessable_entity", words)
    if not new.get("slug") and new.get("headline"):
        new["slug"] = _slug(new["headline"])
    new["status"] = new.get("status") or "published"
    new["site_id"] = (box or {}).get("site_id")
    new.setdefault("has_image", False)
    new["is_responded"] = bool(new.get("official_response"))
    if draft.changed("official_response") and new["is_responded"] and "responded_at" not in draft.sent:
        new["responded_at"] = transaction.now
    if box is not None:
        _with_page(draft, {"page_type_name": "Suggestion", "name": new.get("headline"), "title": new.get("headline")})


def _with_page(draft: Draft, values: Record) -> None:
    """Keeps the page that a suggestion or its box stands on."""
    new, transaction = draft.new, draft.transaction
    if draft.flaws or any(new.get(name) in (None, "") for name in draft.kind.required):
        return
    taken = [name for name in ("slug", "external_id") if draft.changed(name) and _is_taken(draft, name, "pages")]
    if taken:
        errors = [f"{name.replace('_', ' ').capitalize()} has already been taken" for name in taken]
        raise flat(400, "validation_failed", "Validation failed", validation_errors=errors)
    values |= {name: new.get(name) for name in ("slug", "status", "headline", "external_id", "site_id")}
    page = {"permission_level": "anyone", **(transaction.get("pages", new.get("page_id")) or {}), **values}
    _place_page(transaction, page)
    if new.get("page_id") is None:
        new["page_id"] = transaction.add("pages", page)
    else:
        transaction.put("pages", page)


# Automations


def _enrolled(draft: Draft) -> None:
    automation = draft.transaction.get("automations", draft.new["automation_id"])
    if draft.old is None and automation is not None:
        total = automation.get("total_enrollments_count") or 0
        draft.transaction.put("automations", {**automation, "total_enrollments_count": total + 1})


def _automation(draft: Draft) -> None:
    for attribute in HERE["automations"].extra:
        draft.new.setdefault(attribute.name, False if attribute.kind == "boolean" else 0)


BEFORE: dict[str, Callable[[Draft], None]] = {
    "signups": _signup,
    "signup_taggings": _tagging,
    "donations": _donation,
    "pledges": _pledge,
    "elections": _election,
    "path_steps": _path_step,
    "path_journeys": _journey,
    "events": _flags,
    "petitions": _flags,
    "pages": _page,
    "event_rsvps": _rsvp,
    "event_ticket_levels": _ticket_level,
    "petition_signatures": _signature,
    "survey_questions": _question,
    "survey_question_possible_responses": _possible_response,
    "survey_question_responses": _response,
    "suggestion_boxes": _suggestion_box,
    "suggestions": _suggestion,
    "automations": _automation,
}
AFTER: dict[str, Callable[[Draft], None]] = {
    "contacts": _contacted,
    "donations": _donated,
    "path_journeys": _journeyed,
    "automation_enrollments": _enrolled,
}
