"""How the demos show each vendor."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
OUTPUT = ROOT / "output"


@dataclass(frozen=True)
class Way:
    """How one vendor is shown.

    Attributes:
        limit: What the vendor allows.
        changed: What is changed between the first run and the second.
        added: What is added.
        gone: What is deleted, if not of what is changed.
        tap: Settings of the tap alone.
        target: Settings of the target alone.
        before: Streams that the changed one refers to.
        shows: What the first minute shows of a person, as a path in the record, by the heading.
        prepared: What somebody has to set up in the second account beforehand, since no API makes it.
    """

    limit: dict[str, Any] | None
    changed: str
    added: str
    gone: str = ""
    tap: dict[str, Any] = field(default_factory=dict)
    target: dict[str, Any] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    shows: dict[str, str] = field(default_factory=lambda: {"id": "id", "e-mail": "email"})
    prepared: str | None = None


WAYS = {
    "action_network": Way(
        limit={"calls": 4, "seconds": 1, "window": "sliding"},
        changed="people",
        added="signatures",
        gone="taggings",
        tap={"action_network_taggings_of": ["*"]},
        shows={
            "name": "given_name family_name",
            "e-mail": "email_addresses.address",
            "status": "email_addresses.status",
        },
    ),
    "nationbuilder": Way(
        limit={"calls": 250, "seconds": 10, "window": "sliding"},
        changed="signups",
        added="contacts",
        gone="donations",
        prepared="custom_fields",
        shows={"name": "first_name last_name", "e-mail": "email", "opted in": "email_opt_in"},
    ),
    "i360": Way(
        limit=None,
        changed="volunteers",
        added="volunteers",
        shows={"name": "FirstName LastName", "e-mail": "Email", "status": "Status"},
        tap={
            "i360_states": [str(number) for number in range(1, 52)],
            "i360_list_type": "my_data",
            "i360_record_limit": 1000,
        },
    ),
    "rally_congress": Way(
        limit=None,
        changed="supporters",
        added="supporters",
        shows={"name": "firstName lastName", "e-mail": "email", "status": "emailOptin"},
    ),
    "crowdskout": Way(
        limit=None,
        changed="profiles",
        added="profiles",
        gone="attributes",
        before=("attributes",),
        shows={
            "name": "Names.FirstName Names.LastName",
            "e-mail": "EmailAddresses.Email",
            "usable": "EmailAddresses.EmailUsable.value",
        },
        target={"crowdskout_external_id_type": "Demo"},
    ),
}
