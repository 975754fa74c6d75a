"""Which property a column of a record stands for, whatever spelling a warehouse or another CRM gave it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from osdi_crm_schemas import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Place = tuple[str | int, ...]
"""A property and the names in it; 0 stands for the one entry of a list. Nothing of what nobody reads."""

FLATTENED = "__"
"""What loaders put between the names of nested fields when they flatten them."""

ALIKE = 0.75
"""From this likeness on a name is probably meant to be another."""

_MOBILE = ("mobile", "mobilenumber", "mobilephone", "cell", "cellnumber", "cellphone")
_PHONE = ("phone", "phonenumber", "telephone", "tel", "phone1", "homephone")
_SAME = (
    ("firstname", "givenname", "forename"),
    ("lastname", "familyname", "surname"),
    ("middlename", "additionalname"),
    ("email", "emailaddress"),
    _MOBILE,
    _PHONE,
    ("street", "address", "address1", "addressline1", "street1", "streetaddress", "caddrline1"),
    ("address2", "addressline2", "street2", "caddrline2"),
    ("city", "locality", "town", "ccity"),
    ("state", "region", "province"),
    ("zip", "zipcode", "postalcode", "postcode", "czip5"),
    ("dateofbirth", "birthdate", "birthday", "dob", "bornat"),
    ("tags", "taglist", "addtags"),
)
"""Names, folded, that mean the same in the plain columns of any CRM."""


class Columns:
    """Recognises the columns of one stream."""

    def __init__(
        self, names: Mapping[str, str], writable: Mapping[str, Any], flat: Mapping[str, tuple[str, str]]
    ) -> None:
        """Learn the names.

        Args:
            names: All properties, by folded name.
            writable: The schemas of those that can be written.
            flat: What flat columns stand for: a property and a part of it, or of its one entry; a list of texts has
                one part, ``""``.
        """
        self._names = names
        self._writable = writable
        self._flat = {name: self._inside(*place) for name, place in flat.items()}
        self._found: dict[str, tuple[Place, int]] = {}
        self._meant: dict[str, str | None] = {}

    def place(self, name: str) -> tuple[Place, int]:
        """Return what a column stands for, and how far its name is from the property's own: 0 is that name."""
        if name not in self._found:
            self._found[name] = next(self._places(name), ((), 0))
        return self._found[name]

    def meant(self, name: str) -> str | None:
        """Return the column that one was probably meant to be which nobody reads."""
        if name not in self._meant:
            known = {fold(each): each for each in self._writable} | {each: each for each in self._flat}
            alike = get_close_matches(fold(name), known, n=1, cutoff=ALIKE)
            self._meant[name] = known[alike[0]] if alike else None
        return self._meant[name]

    def _places(self, name: str) -> Iterator[tuple[Place, int]]:
        folded = fold(name)
        if known := self._names.get(folded):
            yield (known,), int(known != name)
        if folded in self._flat:
            yield self._flat[folded], 1
        if place := self._flattened(name):
            yield place, 1
        for alike in _SAME:
            meant = {place for each in alike if folded in alike and (place := self._own(each))}
            if len(meant) == 1:
                yield meant.pop(), 2
        if folded in _MOBILE:
            meant = {place for each in _PHONE if (place := self._own(each))}
            if len(meant) == 1:
                yield meant.pop(), 3

    def _own(self, folded: str) -> Place:
        known = self._names.get(folded)
        return (known,) if known and known in self._writable else self._flat.get(folded, ())

    def _inside(self, name: str, part: str) -> Place:
        is_list = "array" in self._writable[name]["type"]
        return (name, 0, part) if is_list and part else (name, 0) if is_list else (name, part)

    def _flattened(self, name: str) -> Place:
        head, *rest = name.split(FLATTENED)
        known = self._names.get(fold(head))
        if not known or not rest or not all(rest) or "object" not in self._writable.get(known, {}).get("type", ()):
            return ()
        inner = self._writable[known].get("properties", {})
        if not inner:
            return (known, FLATTENED.join(rest))
        named = {fold(each): each for each in inner}
        return (known, named.get(fold(rest[0]), rest[0]), *rest[1:])
