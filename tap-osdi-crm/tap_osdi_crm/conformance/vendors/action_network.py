"""Action Network: documented well; what is asked is what its documents leave open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_osdi_crm.conformance.paging import Paging
from tap_osdi_crm.conformance.probe import Finding, Probe, not_tried

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_osdi_crm.conformance.bench import Bench

SETTINGS: Mapping[str, Any] = {"action_network_taggings_of": ["*"], "action_network_items_of": ["*"]}
"""What it takes to read a little of everything, where the settings do not say it."""

SIGNING_IN: tuple[Mapping[str, Any], ...] = ()
"""Settings worth a try where signing in is refused."""

PAGING = Paging("page", "page", "per_page")
"""How lists are assumed to be paged."""

ELSEWHERE: Mapping[str, tuple[Mapping[str, Any], ...]] = {}
"""By stream, overrides worth a try."""


def _stays(_: Bench) -> Finding:
    return not_tried("it would leave something that the API cannot take away again")


def _writes(_: Bench) -> Finding:
    return not_tried("only writing answers it")


PROBES = (
    Probe("write_action", "Which fields of an action can be set, when it is made and later?", _stays),
    Probe("replace_unique_ids", "Does a PUT to a list of unique ids replace its members?", _stays),
    Probe("unknown_custom_field", "Is a custom field that the group lacks made, or passed over?", _stays),
    Probe("unit_of_duration", "Is the duration of an outreach told in seconds?", _writes),
    Probe("own_tagging_id", "Is the id of a tagging its own, and not the person's?", _writes),
    Probe("match_by_identifier", "Does a foreign identifier alone find nobody in the signup helper?", _writes),
    Probe("keep_one_address", "Is of several e-mail addresses in one request one kept?", _writes),
    Probe("set_origin_system", "Is the origin system of a person passed over when it is sent?", _writes),
)
