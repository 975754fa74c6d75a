"""Custom fields by the names that a warehouse has left of theirs, and what is done with those an account lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_schemas import fold

from target_osdi_crm.rejects import Rejection

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def the_field(name: str, known: Collection[str]) -> str | None:
    """Return the field of exactly this name, or else the one whose name folds alike; None if there is none.

    Raises:
        Rejection: If several fold alike.
    """
    if name in known:
        return name
    alike = [each for each in known if fold(each) == fold(name)]
    if len(alike) > 1:
        raise Rejection("unknown_custom_fields", f"'{name}' could be {' or '.join(map(repr, sorted(alike)))}.")
    return alike[0] if alike else None


def by_field(given: Mapping[str, Any], fields: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return values by field, where an exact name counts above one that folds alike, and what is left out for that.

    Args:
        given: Values by name.
        fields: The field of each name.
    """
    found, beside = dict[str, Any](), list[str]()
    for name in sorted(given, key=lambda each: fields[each] != each):
        if found.setdefault(fields[name], given[name]) != given[name]:
            beside.append(f"the custom field {name} beside {fields[name]}")
    return found, beside


def known(given: Mapping[str, Any], fields: Collection[str], rule: str) -> tuple[dict[str, Any], list[str]]:
    """Return values by those fields that an account has, and in words what is left out.

    Args:
        given: Values by name.
        fields: The names of the fields that the account has.
        rule: What to do with others, `reject` or `withhold`.

    Raises:
        Rejection: If the rule wants it for one that the account lacks, or if one could be several.
    """
    found, beside = by_field(given, {name: the_field(name, fields) or name for name in given})
    unknown = sorted(found.keys() - set(fields))
    if unknown and rule == "reject":
        raise Rejection("unknown_custom_fields", f"The account has no custom field {', '.join(unknown)}.")
    left = [*beside, *(f"the custom field {name}" for name in unknown)]
    return {name: found[name] for name in found if name not in unknown}, [f"without {each}" for each in left]
