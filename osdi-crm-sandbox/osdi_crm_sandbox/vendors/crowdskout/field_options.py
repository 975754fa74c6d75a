"""The options of fields, shared by all profiles of an account."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Call, Record, Refusal
from osdi_crm_sandbox.vendors.crowdskout.answers import enveloped
from osdi_crm_sandbox.vendors.crowdskout.resources import (
    CLOSED,
    COLLECTION_OF,
    DEPENDENCIES,
    HERE,
    INTERACTIONS,
    YES_NO,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account


def _slug(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")


@dataclass
class FieldOptions:
    """An account's options by field and id, and the ids by value."""

    by_id: dict[str, dict[Any, Record]] = field(default_factory=dict)
    by_value: dict[tuple[str, str, Any], Any] = field(default_factory=dict)
    parents: dict[tuple[str, Any], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, values in CLOSED.items():
            for value in values:
                self.add(name, "opt", value)
        for name in INTERACTIONS.values():
            self.add(f"{name.removesuffix('When')}Organization", "opt", HERE["value"])

    def add(self, name: str, kind: str, value: str, parent: Any = None) -> Record:
        """The option of a field with this value, a new one if need be."""
        key = (name, value.casefold(), parent)
        known = self.by_id.setdefault(name, {})
        if key not in self.by_value:
            own: Any = len(known) + 1
            if kind in ("slug", "yes"):
                own = _slug(value)
            elif kind == "truth":
                own = value.casefold() == "true"
            known.setdefault(own, {"id": own, "value": value})
            self.by_value[key] = own
            self.parents[name, own] = parent
        return known[self.by_value[key]]

    def find(self, name: str, kind: str, given: Any, parent: Any = None) -> Record | None:
        """The option that {"id"} or {"value"} means; None where there is none and none can be added."""
        if not isinstance(given, dict):
            return None
        own, value = given.get("id"), given.get("value")
        if isinstance(own, str | int) and own in self.by_id.get(name, {}):
            return self.by_id[name][own]
        if kind == "yes" and value is None and own in YES_NO:
            value = str(own).capitalize()
        if not isinstance(value, str) or not value.strip():
            return None
        value = value.strip()
        is_closed = name in CLOSED or kind in ("yes", "truth")
        allowed = CLOSED.get(name, ("true", "false") if kind == "truth" else YES_NO)
        if is_closed and value.casefold() not in {choice.casefold() for choice in allowed}:
            return None
        return self.add(name, kind, value, parent)


def field_options(account: Account) -> FieldOptions:
    """An account's options of fields."""
    if "options" not in account.state:
        account.state["options"] = FieldOptions()
    options: FieldOptions = account.state["options"]
    return options


def get_field_options(call: Call) -> Response:
    """The options of a field, or only those that depend on an option of another."""
    name = call.params["field"]
    if name not in COLLECTION_OF:
        raise Refusal(404, f"There is no field {name}")
    options = field_options(call.account)
    found = list(options.by_id.get(name, {}).values())
    parent = call.query.get(DEPENDENCIES.get(name, ""))
    if parent is not None:
        found = [option for option in found if str(options.parents[name, option["id"]]) == parent]
    return enveloped({"collection": COLLECTION_OF[name], "options": found})
