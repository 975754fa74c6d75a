"""Ids, moments and invented values of what is stored."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from osdi_crm_sandbox.population import Population, iso
from osdi_crm_sandbox.vendors.crowdskout.resources import INTERACTIONS

if TYPE_CHECKING:
    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.vendor import Record


def now() -> str:
    """This moment, as records carry it."""
    return iso(time.time())


def next_id(account: Account, name: str) -> int:
    """The next number of this name, from one."""
    account.state[name] = number = account.state.get(name, 0) + 1
    return int(number)


def numbered(account: Account, collection: str, item: Record) -> Record:
    """The item with an id of its own; of attribute values only within their attribute."""
    if collection in INTERACTIONS:
        return {**item, "id": population_of(account).uuid()}
    name = f"Attributes {item['AttributeId']}" if collection == "Attributes" else collection
    return {**item, "id": next_id(account, name)}


def population_of(account: Account) -> Population:
    """Where the account's invented values come from."""
    if "population" not in account.state:
        account.state["population"] = Population(f"{account.key} {time.time_ns()}")
    population: Population = account.state["population"]
    return population
