"""Makes the rows of an invented nation, by the table of attributes and what each resource has of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.population import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.population import Population
    from osdi_crm_sandbox.records import Record
    from osdi_crm_sandbox.vendors.nationbuilder.resources import Attribute, Kind

    Own = Mapping[str, Callable[["Seeder", int, Record], None]]

TEMPLATES = 24
"""So many sets of optional values are made per resource; records share them."""
FILLED = {"signups": 0.3}
"""The part of optional values that is set, where it is not most of them."""


UNIQUE_STRINGS = (
    *("civicrm_id", "county_file_id", "datatrust_id", "dw_id", "external_id", "ngp_id", "pf_strat_id", "rnc_id"),
    *("rnc_regid", "salesforce_id", "state_file_id", "van_id", "username", "email2", "email3", "email4"),
)
PROSE = ("content", "note", "intro", "description", "bio", "body", "comment", "excerpt")
"""Parts of the names of attributes that hold sentences."""
UNCOMMON = ("banned_at", "unsubscribed_at", "last_rule_violation_at")
"""Times that only few signups have."""
STANDING_ON_PAGES = ("events", "petitions", "suggestion_boxes", "suggestions")


class Seeder:
    """Makes rows of any resource; ids of other records are drawn from their numbers."""

    def __init__(self, account: Account, population: Population, wanted: dict[str, int], own: Own) -> None:
        self._own = own
        self.population = population
        self.draw = population.random.random
        self.wanted = wanted
        self._account = account
        self._templates: dict[str, list[Record]] = {}
        self._references: dict[str, list[tuple[str, list[str], float, bool]]] = {}
        self._ids: dict[str, list[str]] = {}
        self.first_page = _first_pages(wanted)
        self.paths = max(1, wanted["paths"])
        self._moments = population.moments(200)

    def rows(self, kind: Kind, count: int) -> dict[str, Record]:
        """So many records by id, the oldest first."""
        moments = sorted(self.population.moments(count)) if count else []
        return {str(place): self.row(kind, place, moment) for place, moment in enumerate(moments, 1)}

    def row(self, kind: Kind, place: int, moment: int) -> Record:
        """A record as it is stored."""
        draw = self.draw
        if kind.name not in self._templates:
            self._templates[kind.name] = [self._template(kind) for _ in range(TEMPLATES)]
            self._references[kind.name] = [
                (name, self.ids(to), share, to == kind.name) for name, to, share in references(kind)
            ]
        row = {"id": str(place), **self._templates[kind.name][int(draw() * TEMPLATES)]}
        for name, ids, share, is_own in self._references[kind.name]:
            number = min(place - 1, len(ids)) if is_own else len(ids)  # of its own kind the older ones: no circles
            if number and (share == 1 or draw() < share):
                row[name] = ids[int(draw() * number)]
        row["created_at"] = moment
        row["updated_at"] = (
            moment if draw() < 1 / 2 else max(moment, min(moment + int(draw() * DAY), self.population.end))
        )
        words = self.population.pool.words
        for name in kind.named:
            text = f"{words[place % len(words)]}_{place}"
            row[name] = text if name in ("slug", "external_id") else text.replace("_", " ").capitalize()
        if kind.name in self._own:
            self._own[kind.name](self, place, row)
        return row

    def ids(self, resource: str) -> list[str]:
        """The ids of all records."""
        if resource not in self._ids:
            self._ids[resource] = [str(number) for number in range(1, self.wanted[resource] + 1)]
        return self._ids[resource]

    def nth(self, resource: str, number: int) -> str | None:
        """The id of a record by any number."""
        ids = self.ids(resource)
        return ids[number % len(ids)] if ids else None

    def record(self, resource: str, key: str | None) -> Record:
        """A record made before; empty if there is none."""
        found: Record = self._account.tables[resource].records.get(key or "", {})
        return found

    def named(self, key: str | None) -> Record:
        """Names and e-mail of a signup."""
        signup = self.record("signups", key)
        return {name: signup.get(name) for name in ("first_name", "last_name", "email")}

    def pick(self, choices: tuple[Any, ...] | list[Any]) -> Any:
        """One of them."""
        return choices[int(self.draw() * len(choices))]

    def _template(self, kind: Kind) -> Record:
        share = FILLED.get(kind.name, 0.8)
        row: Record = {}
        for attribute in (*kind.served, *kind.extra):
            must = kind.must_have(attribute.name)
            own = attribute.refers_to or attribute.name in (*UNIQUE_STRINGS, *UNCOMMON, "created_at", "updated_at")
            if not own and attribute.kind not in ("object", "address") and self.draw() < (1 if must else share):
                row[attribute.name] = self._value(attribute)
        return row

    def _value(self, attribute: Attribute) -> Any:
        if attribute.values:
            return self.pick(attribute.values)
        match attribute.kind:
            case "boolean":
                value: Any = self.draw() < 0.3
            case "integer":
                value = 100 * int(self.draw() * 500) if "cents" in attribute.name else int(self.draw() * 5) + 1
            case "decimal":
                value = f"{int(self.draw() * 500)}.50"
            case "datetime":
                value = self.pick(self._moments)
            case "date":
                value = time.strftime("%Y-%m-%d", time.gmtime(self.pick(self._moments)))
            case _:
                value = self._text(attribute.name)
        return value

    def _text(self, name: str) -> str:
        pool = self.population.pool
        if "email" in name and not name.endswith("tags"):
            return f"{self.pick(pool.words)}@example.org"
        if any(part in name for part in PROSE):
            return str(self.pick(pool.sentences))
        if name.endswith(("url", "website")):
            return f"https://{self.pick(pool.words)}.example.org/"
        if "phone" in name or name in ("mobile_number", "fax_number"):
            return f"555{int(self.draw() * 10_000_000):07d}"
        return str(self.pick(pool.words))


def references(kind: Kind) -> list[tuple[str, str, float]]:
    """The ids in records: name, resource, how often."""
    often = 0.1 if kind.name == "signups" else 0.6
    shown = [one for one in kind.served if one.refers_to]
    hidden = [one for one in kind.relations.values() if one.key.startswith("_") and one.kind == "one"]
    found = [(one.name, one.refers_to, 1.0 if kind.must_have(one.name) else often) for one in shown]
    return found + [(one.key, one.to, 0.6) for one in hidden]


def _first_pages(wanted: dict[str, int]) -> dict[str, int]:
    """How many pages come before those of a resource; plain ones come first."""
    number = wanted["pages"] - sum(wanted[name] for name in STANDING_ON_PAGES)
    first = {}
    for name in STANDING_ON_PAGES:
        first[name] = number
        number += wanted[name]
    return first
