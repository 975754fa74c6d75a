"""What NationBuilder makes of records as they are written: derived values, validations and side effects."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import is_email
from osdi_crm_sandbox.vendors.nationbuilder.errors import Invalid, flat
from osdi_crm_sandbox.vendors.nationbuilder.resources import ADDRESSES, KINDS
from osdi_crm_sandbox.vendors.nationbuilder.transactions import Draft, Transaction, next_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from osdi_crm_sandbox.records import Record

EMAILS = ("email", "email1", "email2", "email3", "email4")
PHONES = ("phone_number", "mobile_number", "work_phone_number")
NAMES = ("first_name", "middle_name", "last_name")
DONATION_STATES = ("canceled", "failed", "succeeded", "pending")
PERMISSIONS = ("anyone", "logged_in", "members", "control_panel_users", "admins")
OPEN_TYPES = ("Basic",)
"""Kinds of page that can be made by themselves."""


def complete(draft: Draft) -> str:
    """Finishes a record and stores it; its id.

    Raises:
        Invalid: it cannot be so.
        Refusal: the same, in a resource's own words.
    """
    transaction, kind = draft.transaction, draft.kind
    draft.new |= derived(kind.name, draft.new)
    if kind.name in BEFORE:
        BEFORE[kind.name](draft)
    _check(draft)
    if draft.flaws:
        raise Invalid(draft.flaws)
    if draft.old is None:
        draft.new |= {"id": next_id(transaction.account, kind.name), "created_at": transaction.now}
    draft.new["updated_at"] = transaction.now
    transaction.put(kind.name, draft.new)
    if draft.old is None:
        transaction.count(kind.name, draft.new, 1)
    if kind.name in AFTER:
        AFTER[kind.name](draft)
    return str(draft.new["id"])


def derived(resource: str, record: Record) -> Record:
    """Values that follow from others."""
    values: Record = {}
    if resource in ("donations", "pledges"):
        values["amount"] = f"{Decimal(record.get('amount_in_cents') or 0) / 100:.2f}"
    if resource == "donations":
        values["status"] = next((name for name in DONATION_STATES if record.get(f"{name}_at") is not None), None)
    if resource == "elections":
        values["donation_maximum"] = f"{Decimal(record.get('donation_maximum_in_cents') or 0) / 100:.2f}"
    if resource == "signups":
        names = " ".join(str(record[name]) for name in NAMES if record.get(name))
        values["full_name"] = names or record.get("legal_name")
    return values


def _check(draft: Draft) -> None:
    """Enumerations, what must be there, references, and what is unique."""
    for name, value in draft.sent.items():
        attribute = draft.kind.attributes[name]
        if attribute.values and value is not None and value not in attribute.values:
            or_null = " or null" if attribute.nullable else ""
            words = f"value must be one of {json.dumps(list(attribute.values))}{or_null}"
            draft.refuse(name, words, "inclusion", label=name)
        elif value is None and not attribute.nullable and name not in draft.kind.required:
            draft.refuse(name, "can't be blank", "blank")
    known = {flaw.attribute for flaw in draft.flaws}
    for name in draft.kind.required:
        asked = draft.old is None or name in draft.sent
        if asked and draft.new.get(name) in (None, "") and name not in known:
            draft.refuse(name, "can't be blank", "blank")
    for name in draft.sent:
        to, value = draft.kind.attributes[name].refers_to, draft.new.get(name)
        if to and value is not None and draft.transaction.get(to, value) is None:
            draft.refuse(name, "must exist", "blank")
    for name in draft.kind.unique:
        if draft.changed(name) and _is_taken(draft, name, draft.kind.name, draft.new.get("id")):
            draft.refuse(name, "has already been taken", "taken")


def _is_taken(draft: Draft, name: str, resource: str, own: str | None) -> bool:
    value = draft.new.get(name)
    return value not in (None, "") and any(key != own for key in draft.transaction.find(resource, **{name: value}))


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
    for name in ("note", "priority_level", "support_level"):
        if draft.changed(name):
            new["note_updated_at" if name == "note" else f"{name}_changed_at"] = draft.transaction.now
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
        if not is_email(address):
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


def _tagging(draft: Draft) -> None:
    if draft.transaction.find("signup_taggings", signup_id=draft.new.get("signup_id"), tag_id=draft.new.get("tag_id")):
        draft.refuse("tag_id", "has already been taken", "taken")


def _contacted(draft: Draft) -> None:
    if draft.old is None:
        contact = {"last_contacted_at": draft.transaction.now, "last_contacted_by_id": draft.new.get("author_id")}
        contact["contact_status"] = draft.new.get("contact_status")
        draft.transaction.change("signups", draft.new["signup_id"], **contact)


# Money


def _donation(draft: Draft) -> None:
    new, transaction = draft.new, draft.transaction
    types = {one["id"]: one["name"] for one in transaction.account.tables["payment_types"].records.values()}
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
            email = {"email": new["email"]} if new.get("email") else {}
            new["signup_id"] = save_signup(transaction, None, names | email)
    if new["signup_id"] is None:
        draft.refuse("signup_id", "can't be blank", "blank")
        return
    signup = draft.get("signups", "signup_id")
    if signup and (names or draft.sent.get("email")):
        save_signup(transaction, signup["id"], names | _further_email(transaction, signup, draft.sent.get("email")))


def _further_email(transaction: Transaction, signup: Record, address: str | None) -> Record:
    """The slot for an e-mail that nobody has."""
    if not address or by_email(transaction, address):
        return {}
    slot = next((name for name in EMAILS[1:] if not signup.get(name)), None)
    return {slot: address} if slot else {}


def _donated(draft: Draft) -> None:
    signup, pledge = draft.get("signups", "signup_id"), draft.get("pledges", "pledge_id")
    if signup and draft.new["status"] == "succeeded" and not signup.get("is_donor"):
        draft.transaction.put("signups", {**signup, "is_donor": True})
    if pledge:
        draft.transaction.change("pledges", pledge["id"], amount_left_in_cents=_left(draft.transaction, pledge))


def _left(transaction: Transaction, pledge: Record) -> int:
    given = transaction.matching("donations", pledge_id=pledge["id"])
    paid = sum(one.get("amount_in_cents", 0) for one in given if one.get("status") == "succeeded")
    return max(0, int(pledge.get("amount_in_cents") or 0) - int(paid))


def _pledge(draft: Draft) -> None:
    pledged = draft.new.get("amount_in_cents") or 0
    draft.new["amount_left_in_cents"] = pledged if draft.old is None else _left(draft.transaction, draft.new)


# Paths


def _path_step(draft: Draft) -> None:
    new, transaction = draft.new, draft.transaction
    others = transaction.matching("path_steps", path_id=new.get("path_id"))
    places = {one["id"]: one.get("position") or 0 for one in others if one["id"] != new.get("id")}
    if new.get("position") is None:
        new["position"] = max(places.values(), default=0) + 1 if draft.old is None else None
    elif draft.changed("position") and new["position"] in places.values():
        for key, place in places.items():
            if place >= new["position"]:
                transaction.change("path_steps", key, position=place + 1)


def check_no_other_is_active(draft: Draft) -> None:
    """A signup has one active journey on a path."""
    pair = {name: draft.new.get(name) for name in ("signup_id", "path_id")}
    others = draft.transaction.matching("path_journeys", **pair)
    if any(one.get("journey_status") == "active" and one["id"] != draft.new.get("id") for one in others):
        draft.refuse("path_id", "already has an active journey for this signup", "taken")


def _journey(draft: Draft) -> None:
    new, transaction = draft.new, draft.transaction
    steps = transaction.matching("path_steps", path_id=new.get("path_id"))
    if draft.old is None:
        new["journey_status"] = "active"
        if new.get("current_step_id") is None and steps:
            new["current_step_id"] = min(steps, key=lambda step: step.get("position") or 0)["id"]
        check_no_other_is_active(draft)
    if new.get("current_step_id") is not None and new["current_step_id"] not in [step["id"] for step in steps]:
        draft.refuse("current_step_id", "must belong to the path", "invalid")
    if draft.changed("current_step_id"):
        new["last_moved_at"] = transaction.now


def _journeyed(draft: Draft) -> None:
    categories = {"current_step_id": "step_change", "point_person_id": "new_point_person"}
    categories["current_step_point_person_id"] = "new_current_step_point_person"
    for name, category in categories.items():
        if draft.old is not None and draft.changed(name):
            record_history(draft.transaction, draft.new, category)


def record_history(transaction: Transaction, journey: Record, category: str) -> None:
    """What happened to a journey."""
    names = ("point_person_id", "current_step_point_person_id", "path_journey_status_change_id")
    history = {"category": category, "path_journey_id": journey["id"], "path_step_id": journey.get("current_step_id")}
    transaction.add("path_histories", history | {name: journey.get(name) for name in names})


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
    _publish(transaction, page)


def _publish(transaction: Transaction, record: Record) -> None:
    if record.get("status") == "published" and record.get("published_at") is None:
        record["published_at"] = transaction.now


ATTENDEE = ("first_name", "last_name", "email")


def _rsvp(draft: Draft) -> None:
    new, transaction = draft.new, draft.transaction
    if draft.old is not None:
        return
    event = draft.get("events", "event_id")
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
    signup = draft.get("signups", "_signup_id")
    new |= {name: signup.get(name) for name in ATTENDEE if new.get(name) is None}


def _ticket_level(draft: Draft) -> None:
    if draft.new.get("amount_in_cents") is not None and draft.new["amount_in_cents"] <= 0:
        draft.refuse("amount_in_cents", "must be greater than 0", "greater_than")


def _signature(draft: Draft) -> None:
    draft.new["page_id"] = draft.get("petitions", "petition_id").get("page_id")


# Surveys


def _question(draft: Draft) -> None:
    new, transaction = draft.new, draft.transaction
    if len(new.get("slug") or "") > 20:
        draft.refuse("slug", "is too long (maximum is 20 characters)", "too_long")
    if draft.old is None and new.get("survey_id"):
        new["position"] = len(transaction.find("survey_questions", survey_id=new["survey_id"]))
    _publish(transaction, new)


def _possible_response(draft: Draft) -> None:
    if draft.old is None and draft.new.get("position") is None:
        question = draft.new.get("survey_question_id")
        draft.new["position"] = len(draft.transaction.find(draft.kind.name, survey_question_id=question)) + 1


def _response(draft: Draft) -> None:
    new = draft.new
    new.setdefault("is_skipped", False)
    if draft.old is None:
        question = draft.get("survey_questions", "survey_question_id")
        if new.get("question_format") is None and question.get("question_format"):
            new["question_format"] = question["question_format"]
        if new.get("content") in (None, "") and new.get("survey_question_possible_response_id") is None:
            draft.refuse("content", "can't be blank", "blank")


# Suggestions


def _slug(text: Any) -> str:
    return re.sub(r"[^a-z0-9]+", "-", str(text).lower()).strip("-")


def _suggestion_box(draft: Draft) -> None:
    new = draft.new
    if not new.get("slug") and new.get("name"):
        new["slug"] = _slug(new["name"])
    if not new.get("title"):
        new["title"] = new.get("name")
    _with_page(draft, {"page_type_name": "Suggestion Box", "name": new.get("name"), "title": new.get("title")})


def _suggestion(draft: Draft) -> None:
    new, transaction = draft.new, draft.transaction
    box = draft.get("suggestion_boxes", "suggestion_box_id")
    if new.get("suggestion_box_id") is not None and not box:
        key = new["suggestion_box_id"]
        words = f"The referenced resource 'SuggestionBox' with id '{key}' could not be found."
        raise flat(422, "unprocessable_entity", words)
    if not new.get("slug") and new.get("headline"):
        new["slug"] = _slug(new["headline"])
    new["status"] = new.get("status") or "published"
    new["site_id"] = box.get("site_id")
    new["is_responded"] = bool(new.get("official_response"))
    if draft.changed("official_response") and new["is_responded"] and "responded_at" not in draft.sent:
        new["responded_at"] = transaction.now
    if box:
        _with_page(draft, {"page_type_name": "Suggestion", "name": new.get("headline"), "title": new.get("headline")})


def _with_page(draft: Draft, values: Record) -> None:
    """Keeps the page that a suggestion or its box stands on."""
    new, transaction = draft.new, draft.transaction
    if draft.flaws or any(new.get(name) in (None, "") for name in draft.kind.required):
        return
    own = new.get("page_id")
    taken = [name for name in ("slug", "external_id") if draft.changed(name) and _is_taken(draft, name, "pages", own)]
    if taken:
        errors = [f"{name.replace('_', ' ').capitalize()} has already been taken" for name in taken]
        raise flat(400, "validation_failed", "Validation failed", validation_errors=errors)
    values |= {name: new.get(name) for name in ("slug", "status", "headline", "external_id", "site_id")}
    page = {"permission_level": "anyone", **draft.get("pages", "page_id"), **values}
    _place_page(transaction, page)
    if new.get("page_id") is None:
        new["page_id"] = transaction.add("pages", page)
    else:
        transaction.put("pages", page)


# Automations


def _enrolled(draft: Draft) -> None:
    automation = draft.get("automations", "automation_id")
    if draft.old is None and automation:
        total = automation.get("total_enrollments_count") or 0
        draft.transaction.put("automations", {**automation, "total_enrollments_count": total + 1})


BEFORE: dict[str, Callable[[Draft], None]] = {
    "signups": _signup,
    "signup_taggings": _tagging,
    "donations": _donation,
    "pledges": _pledge,
    "path_steps": _path_step,
    "path_journeys": _journey,
    "pages": _page,
    "event_rsvps": _rsvp,
    "event_ticket_levels": _ticket_level,
    "petition_signatures": _signature,
    "survey_questions": _question,
    "survey_question_possible_responses": _possible_response,
    "survey_question_responses": _response,
    "suggestion_boxes": _suggestion_box,
    "suggestions": _suggestion,
}
AFTER: dict[str, Callable[[Draft], None]] = {
    "contacts": _contacted,
    "donations": _donated,
    "path_journeys": _journeyed,
    "automation_enrollments": _enrolled,
}
