"""Finding the vendor's record that one of ours is about: by the journal, its id, this run's writes, or a search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osdi_crm_client import errors

from target_osdi_crm.decide.decision import is_planned
from target_osdi_crm.intake.values import vendors_id
from target_osdi_crm.rejects import AMBIGUOUS, Rejection
from target_osdi_crm.vendor import Found

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_osdi_crm.decide.people_index import PeopleIndex
    from target_osdi_crm.decide.recent import RecentWrites
    from target_osdi_crm.decide.search_index import SearchIndex
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.task import WriteTask
    from target_osdi_crm.vendor import Order, Record, Stream


SHARED = {"email": "merge", "phone": "first"}
"""What becomes of an address that another person has, unless settings say otherwise."""


class Matching:
    """Finds records.

    Attributes:
        recent: What this run has written.
        people: Knows whom addresses lead to, while it is fresh.
    """

    def __init__(
        self,
        recent: RecentWrites,
        journal: Journal,
        index: SearchIndex,
        *,
        people: PeopleIndex,
        own_ids: bool,
        shared: Mapping[str, str],
    ) -> None:
        """Match by what is known.

        Args:
            recent: What this run has written.
            journal: Knows what earlier runs have.
            index: Knows when a search shows what was written.
            people: Knows whom addresses lead to, while it is fresh.
            own_ids: Whether a record's own id is the vendor's.
            shared: What becomes of an address that another person has, by channel.
        """
        self._shared = {**SHARED, **shared}
        self.recent = recent
        self._journal = journal
        self._index = index
        self.people = people
        self._own_ids = own_ids

    def find(self, task: WriteTask, order: Order) -> Found | None:
        """Find the record at the vendor: by the journal, by its id, by what this run has written, by a search.

        Raises:
            Rejection: If there is more than one.
        """
        if known := self.known(task):
            return known
        found = self._by_match_keys(task) or self._alike(task, order)
        if len(found) > 1:
            raise Rejection(AMBIGUOUS, f"The vendor has {len(found)}: {', '.join(sorted(found))}.")
        for one in found.values():
            return self._agreeing(task, order, one)
        return None

    def known(self, task: WriteTask) -> Found | None:
        """The record at the vendor, where its id is known."""
        if task.row.vendor_id:
            return Found(task.row.vendor_id)
        own_id = task.shaped.own_id if self._own_ids and not task.stream.batch_by else None
        return Found(vendors_id("id", own_id)) if own_id else None

    def _by_match_keys(self, task: WriteTask) -> dict[str, Found]:
        """Those that have a match key; one found by what weighs more goes without an address that another one has."""
        best: dict[str, Found] = {}
        stream, names = task.stream, self.recent.match_keys[task.stream.name]
        for name in stream.outlives_merging if task.vanished else ():
            best |= self._having(task, name)
        for name in () if best else names:
            found = self._having(task, name, best)
            if best and found.keys() - best.keys() and self._leaves_out(task, name):
                continue
            best |= {each: there for each, there in found.items() if each not in best or best[each].record is None}
        return best

    def _having(self, task: WriteTask, name: str, best: Mapping[str, Found] | None = None) -> dict[str, Found]:
        """Those that have a match key; a search that the index spares is not made: of nobody, or of the best so far."""
        stream, found = task.stream, dict[str, Found]()
        for value in task.shaped.match_keys.get(name, ()):
            if known := self.recent.id_of(stream.name, name, value):
                found.setdefault(known, Found(known))
                continue
            listed = None if task.look_up else self.people.ids(stream, name, value)
            if listed is not None and all(_shows(stream, (best or {}).get(each), name, value) for each in listed):
                found |= {each: (best or {})[each] for each in listed}
                continue
            self._index.wait()
            found |= {each.id: each for each in stream.search(name, value)}
        return {each: there for each, there in found.items() if not self.recent.has_moved_on(task, each)}

    def _leaves_out(self, task: WriteTask, channel: str) -> bool:
        """Whether a record goes without the address of a channel, since another person has it.

        Raises:
            Rejection: If it is not to be written then.
        """
        rule = self._shared.get(channel) if channel in task.stream.channels else None
        if rule == "reject":
            raise Rejection("shared_address", f"Another person has the {channel} address.")
        if rule == "first":
            task.leave_out(channel)
        return rule == "first"

    def as_one(self, task: WriteTask, found: Found) -> bool:
        """Whether a record is to be the person found, as which another record of the source was written before.

        Raises:
            Rejection: If it is not to be written then.
        """
        stream = task.stream
        channel = next((name for name in self._shared if task.shaped.match_keys.get(name)), None)
        shares = stream.channels and channel and not task.row.vendor_id and task.shaped.own_id != found.id
        if not shares or not self._journal.claimed(stream.name, found.id, of_this_source=True, but=task.source_key):
            return True
        if self._leaves_out(task, channel or ""):
            return False
        task.merged = True
        return True

    def taken_over(self, task: WriteTask, found: Found) -> set[str]:
        """The channels whose address is new to a person, and another one's there; it stays theirs by the rule `first`.

        Raises:
            Rejection: If the record is not to be written then.
        """
        stream, theirs = task.stream, task.stream.addresses_of(found.record or {})
        new = [
            name
            for name in self.recent.match_keys[stream.name]
            if name in task.shaped.consent and set(task.shaped.match_keys.get(name, ())) - set(theirs[name])
        ]
        taken = {name for name in new if self._having(task, name).keys() - {found.id}}
        return {name for name in taken if not self._leaves_out(task, name)}

    def _alike(self, task: WriteTask, order: Order) -> dict[str, Found]:
        if any(is_planned(str(each)) for each in order.refers.values()):
            return {}
        stream = order.stream
        return {
            each.id: each
            for each in stream.search_alike(order)
            if not self._journal.claimed(stream.name, each.id, of_this_source=True)
            and not self.recent.is_of_another(task, each.id)
        }

    def _agreeing(self, task: WriteTask, order: Order, found: Found) -> Found | None:
        """See that a record found by one key is not at odds with the task by a key that weighs more."""
        ours = task.shaped.match_keys
        given = [name for name in self.recent.match_keys[task.stream.name] if ours.get(name)]
        if len(given) < 2:
            return found
        record = fetched(found.id, order) if found.record is None else found.record
        if record is None:
            return None
        theirs = task.stream.match_keys_of(record)
        for name in given:
            if set(ours[name]) & set(theirs.get(name) or ()):
                break
            if not theirs.get(name):
                continue
            by = next((each for each in given if set(ours[each]) & set(theirs.get(each) or ())), given[-1])
            if {name, by} <= task.stream.channels.keys() and name != by:
                return None if self._leaves_out(task, by) else Found(found.id, record)
            raise Rejection("match_at_odds", f"The vendor's {found.id} matches by {by} but has another {name}.")
        return Found(found.id, record)


def _shows(stream: Stream, found: Found | None, name: str, value: str) -> bool:
    """Whether a record that was found and read shows a match key."""
    return bool(found and found.record and value in stream.match_keys_of(found.record).get(name, ()))


def fetched(vendor_id: str, order: Order) -> Record | None:
    """What the vendor shows of a record; nothing of one that a dry run would create."""
    return {} if is_planned(vendor_id) else order.stream.fetch(vendor_id, order)


def shown(order: Order, found: Found) -> Found:
    """The same record, as the vendor shows it.

    Raises:
        NotFound: If it is gone.
    """
    record = fetched(found.id, order)
    if record is None:
        raise errors.NotFound("there is nothing at this address", method="GET", path=f"{order.stream.name}/{found.id}")
    return Found(found.id, record)


def chosen_match_keys(streams: Mapping[str, Stream], given: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The match keys to use, by stream.

    Raises:
        ConfigurationError: If the setting names a stream or a key that there is none of.
    """
    chosen = {name: stream.default_match_keys for name, stream in streams.items()}
    for name, keys in given.items():
        stream = streams.get(name)
        if not stream or not set(keys) <= set(stream.match_keys):
            known = f"knows {', '.join(stream.match_keys) or 'none'}" if stream else "is no stream that can be written"
            raise errors.ConfigurationError(
                f"The setting 'match_keys' names {', '.join(keys) or 'nothing'} for '{name}', which {known}."
            )
        chosen[name] = tuple(keys)
    return chosen
