"""What is to be done about a record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_osdi_crm.decide.consent import Choice
    from target_osdi_crm.vendor import Found, Order

ADOPT = "adopt"
"""The vendor has it just so already."""
SKIP = "skip"
"""The mode leaves it alone."""
NOTHING = "nothing"
"""There is nothing that could be deleted."""

CALLS_NOBODY = frozenset({ADOPT, SKIP, NOTHING})


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about one record.

    Attributes:
        action: `create`, `update`, `delete`, `adopt`, `skip` or `nothing`.
        order: What is to be sent; None where nothing is.
        found: The vendor's record that it is about, where there is one.
        reason: Why it is left alone, where it is.
        choices: What becomes of consent, by channel.
        fields: Names of what the vendor does not show yet.
        withheld: What is left out on purpose, in words for the summary.
        incomplete: Whether it is to be written once more, with what it refers to and waits too.
    """

    action: str
    order: Order | None = None
    found: Found | None = None
    reason: str = ""
    choices: Mapping[str, Choice] = field(default_factory=dict)
    fields: Sequence[str] = ()
    withheld: Sequence[str] = ()
    incomplete: bool = False


_PLANNED = "planned: "


def planned_id(source_key: str) -> str:
    """The id of what a dry run would create."""
    return f"{_PLANNED}{source_key}"


def is_planned(vendor_id: str) -> bool:
    """Whether an id is that of what a dry run would create."""
    return vendor_id.startswith(_PLANNED)
