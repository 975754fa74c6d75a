"""Items on their way in: the options of fields, what is valid, and how it is stored."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.population import utc
from osdi_crm_sandbox.vendor import is_email
from osdi_crm_sandbox.vendors.crowdskout.resources import (
    ALL_OF,
    ANY_OF,
    CLOSED,
    COMPUTED,
    DEPENDENCIES,
    FIELDS,
    HERE,
    INTERACTIONS,
    LISTS,
    NAME_PARTS,
    YES_NO,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record


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
                own = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")
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


def clean_text(value: Any) -> str | None:
    """Text without white space around it; numbers are taken for text. None for nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def _clean_number(value: Any) -> float | int | None:
    if isinstance(value, str):
        try:
            value = float(value) if re.search(r"[.eE]", value) else int(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _clean_date(value: Any) -> str | None:
    try:
        return date.fromisoformat(value[:10]).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def _clean_time(value: Any) -> str | None:
    moment = utc(value)
    return moment and f"{moment[:-1]}+00:00"


def _clean_email(value: Any) -> str | None:
    text = clean_text(value)
    return text.lower() if is_email(text) and text else None


def _clean_phone(value: Any) -> str | None:
    """A number as +17735551234; ten digits are taken for one of the US."""
    digits = re.sub(r"\D", "", clean_text(value) or "")
    if len(digits) == 10:
        return f"+1{digits}"
    return f"+{digits}" if 11 <= len(digits) <= 15 else None


def _clean_object(names: tuple[str, ...], value: Any) -> Record | None:
    """The members of a poser or a parent."""
    if not isinstance(value, dict):
        return None
    return {name: value[name] for name in names if name in value} or None


def _clean_strings(value: Any) -> list[str] | None:
    texts = [clean_text(entry) for entry in value] if isinstance(value, list) else []
    return [text for text in texts if text] or None


CLEANERS: dict[str, Callable[[Any], Any]] = {
    "str": clean_text,
    "num": _clean_number,
    "bool": lambda value: value if isinstance(value, bool) else None,
    "date": _clean_date,
    "dt": _clean_time,
    "email": _clean_email,
    "phone": _clean_phone,
    "poser": partial(_clean_object, ("id", "externalId", "service", "value")),
    "parent": partial(_clean_object, ("id", "collection")),
    "strs": _clean_strings,
    "object": lambda value: value if isinstance(value, dict) else None,
}


def _clean_value(account: Account, name: str, kind: str, value: Any, parent: Any = None) -> Any:
    """A field's value as it is stored; None where it is none."""
    if kind in CLEANERS:
        return CLEANERS[kind](value)
    options = field_options(account)
    if kind == "opts":
        found = [options.find(name, "opt", entry) for entry in value] if isinstance(value, list) else []
        return [option for option in found if option] or None
    if kind == "list":
        entries = [_clean_entry(account, name, entry) for entry in value] if isinstance(value, list) else []
        return [entry for entry in entries if entry]
    return options.find(name, kind, value, parent)


def _clean_entry(account: Account, name: str, entry: Any) -> Record:
    if not isinstance(entry, dict):
        return {}
    fields = LISTS[name].items()
    return {own: _clean_value(account, own, kind, entry[own]) for own, kind in fields if entry.get(own) is not None}


def numbered(account: Account, collection: str, item: Record) -> Record:
    """The item with an id of its own; of attribute values only within their attribute."""
    if collection in INTERACTIONS:
        return {**item, "id": account.population.uuid()}
    name = f"Attributes {item['AttributeId']}" if collection == "Attributes" else collection
    return {**item, "id": account.next(name)}


def clean(account: Account, collection: str, given: Any, old: Record | None = None) -> Record | None:
    """An item as it is stored: the fields given, over the old ones.

    None for an invalid one: computed, not an object, with a value that is not of its field's type or not among closed
    options, or without what its collection cannot be without (ALL_OF, ANY_OF, when it happened, else the first field).
    """
    if collection in (*COMPUTED, *account.options["dropped"]) or not isinstance(given, dict):
        return None
    if collection == "Attributes":
        return _clean_attribute(account, given, old)
    fields = FIELDS[collection]
    item: Record = {"id": None, **dict.fromkeys(fields)} if old is None else dict(old)
    for name, kind in fields.items():
        if name not in given:
            continue
        parent = (item.get(DEPENDENCIES.get(name, "")) or {}).get("id")
        item[name] = None if given[name] in (None, "") else _clean_value(account, name, kind, given[name], parent)
        if item[name] is None and given[name] not in (None, ""):
            return None
    if collection == "Names":
        item |= _name(item, given)
    if collection in INTERACTIONS:
        prefix = INTERACTIONS[collection].removesuffix("When")
        item[f"{prefix}Organization"] = item[f"{prefix}Organization"] or HERE
    return item if _suffices(collection, item) else None


def _suffices(collection: str, item: Record) -> bool:
    if collection in ANY_OF:
        return any(item[name] is not None for name in ANY_OF[collection])
    needed = ALL_OF.get(collection, (INTERACTIONS.get(collection, next(iter(FIELDS[collection]))),))
    return all(item[name] is not None for name in needed)


TITLES = re.compile(r"(mr|mrs|ms|miss|dr|rev|hon)\.?", re.IGNORECASE)
SUFFIXES = re.compile(r"(jr|sr|ii|iii|iv|md|phd|esq)\.?", re.IGNORECASE)


def _name(item: Record, given: Record) -> Record:
    """A name put together from its parts, or split into them where only the whole was given."""
    if any(name in given for name in NAME_PARTS):
        return {"FullName": " ".join(item[name] for name in NAME_PARTS if item[name]) or None}
    if not given.get("FullName"):
        return {}
    words = str(item["FullName"]).split()
    parts: Record = dict.fromkeys(NAME_PARTS)
    if len(words) > 1 and TITLES.fullmatch(words[0]):
        parts["NameTitle"] = words.pop(0)
    if len(words) > 1 and SUFFIXES.fullmatch(words[-1]):
        parts["NameSuffix"] = words.pop()
    parts["FirstName"] = words.pop(0)
    if words:
        parts["LastName"] = words.pop()
    parts["MiddleName"] = " ".join(words) or None
    return parts


def _clean_attribute(account: Account, given: Record, old: Record | None) -> Record | None:
    own = given.get("AttributeId", given.get("AttributeID", old["AttributeId"] if old else None))
    attribute = account.tables["attributes"].records.get(str(own))
    if attribute is None:
        return None
    value = _attribute_value(attribute, given["AttributeValue"]) if "AttributeValue" in given else None
    if value is None and (old is None or "AttributeValue" in given):
        return None
    return {
        "id": old["id"] if old else None,
        "AttributeId": attribute["id"],
        "AttributeName": attribute["name"],
        "AttributeType": attribute["type"],
        "AttributeValue": old["AttributeValue"] if value is None and old else value,
    }


def _attribute_value(attribute: Record, value: Any) -> Any:
    kind = attribute["type"]
    if kind in ("Radio", "Checkbox"):
        given = value if isinstance(value, list) else [value]
        chosen = [_choice(attribute["options"], entry) for entry in given]
        if not chosen or None in chosen:
            return None
        return chosen if kind == "Checkbox" else chosen[0]
    if kind == "Tag":
        own = value.get("id") if isinstance(value, dict) else value
        return {"id": "true", "value": "Yes"} if own in ("true", True) else None
    return CLEANERS[{"Text": "str", "Number": "num", "Date": "date", "Datetime": "dt"}[kind]](value)


def _choice(options: list[Record], given: Any) -> Record | None:
    """The option of an attribute that {"id"}, {"value"} or the value itself means."""
    folded = given.get("value") if isinstance(given, dict) else given
    own = given.get("id") if isinstance(given, dict) else None
    for option in options:
        if option["id"] == own or (isinstance(folded, str) and option["value"].casefold() == folded.strip().casefold()):
            return option
    return None
