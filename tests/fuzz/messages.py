"""What the target is given at each vendor: people, and what belongs to them."""

from __future__ import annotations

from typing import Any

from tests.target_command import Message, TargetCommand
from tests.writing_case import WritingCase

MORE: dict[str, list[tuple[str, list[dict[str, Any]]]]] = {
    "action_network": [
        ("tags", [{"id": f"t{n}", "name": f"tag {n}"} for n in range(2)]),
        ("petitions", [{"id": "a", "title": "Save the park"}]),
        ("signatures", [{"id": f"s{n}", "petition_id": "a", "person_id": f"p{n}"} for n in range(3)]),
        ("taggings", [{"id": f"g{n}", "tag_id": "t0", "person_id": f"p{n}"} for n in range(3)]),
    ],
    "nationbuilder": [
        ("signup_tags", [{"id": str(n), "name": f"tag {n}"} for n in range(2)]),
        ("signup_taggings", [{"id": str(n), "signup_id": f"p{n}", "tag_id": "0"} for n in range(3)]),
        ("contacts", [{"id": str(n), "signup_id": f"p{n}", "contact_method": "phone_call"} for n in range(3)]),
        ("lists", [{"id": "l", "name": "Walkers", "slug": "walkers"}]),
        ("list_signups", [{"list_id": "l", "signup_id": f"p{n}"} for n in range(3)]),
    ],
    "i360": [("contacts", [{"ContactID": str(n), "FirstName": "A", "Email": f"c{n}@example.org"} for n in range(3)])],
    "rally_congress": [],
    "crowdskout": [("attributes", [{"id": str(n), "name": f"attribute {n}", "type": "Text"} for n in range(2)])],
}
KEYS = {"list_signups": ("list_id", "signup_id"), "contacts": ("id",)}


def messages_of(case: WritingCase, target: TargetCommand) -> list[Message]:
    """Seven people, and what belongs to them; the target is set up for their vendor."""
    target.settings.update(case.settings)
    target.keys[case.people] = (case.key,)
    messages = target.messages(case.people, *(case.person(number) for number in range(7)))
    for stream, records in MORE[case.vendor]:
        key = ("ContactID",) if (case.vendor, stream) == ("i360", "contacts") else KEYS.get(stream, ("id",))
        messages += target.messages(stream, *records, key=key)
    return [*messages, target.state({"read": 1})]
