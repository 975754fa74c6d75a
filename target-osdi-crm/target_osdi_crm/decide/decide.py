"""From a record to a decision: what it refers to, which of the vendor's it is, what consent allows, what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from string import Formatter
from typing import TYPE_CHECKING, Any

from target_osdi_crm import consent
from target_osdi_crm.consent import Keeps
from target_osdi_crm.decide.consent import Policy
from target_osdi_crm.decide.decision import ADOPT, NOTHING, SKIP, Decision
from target_osdi_crm.decide.match import fetched, shown
from target_osdi_crm.decide.references import Resolved, Waiting
from target_osdi_crm.intake.addresses import region, spellings
from target_osdi_crm.journal.states import State
from target_osdi_crm.rejects import CANNOT_BE_KEPT, LACKING, Rejection
from target_osdi_crm.vendor import CREATE, DELETE, UPDATE, Found, Order

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from target_osdi_crm.consent import Channel, RequestedConsent
    from target_osdi_crm.decide.consent import Choice
    from target_osdi_crm.decide.match import Matching
    from target_osdi_crm.decide.references import References
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.settings import TargetSettings
    from target_osdi_crm.task import WriteTask
    from target_osdi_crm.vendor import Stream

_AS_IT_SHOULD_BE = {State.OK, State.SKIPPED}


@dataclass(frozen=True, slots=True)
class Match:
    """What a record is about.

    Attributes:
        order: The record with the vendor's ids of what it refers to; None of one to be deleted whose references nobody
            has written.
        found: The vendor's record, where there is one.
        about: What no other record may be decided and written for at the same time.
        resolved: What it refers to.
    """

    order: Order | None
    found: Found | None
    about: Hashable
    resolved: Resolved


class Decider:
    """Decides; the calls it makes only read.

    Attributes:
        recent: What this run has written.
    """

    def __init__(
        self, settings: TargetSettings, people: str, journal: Journal, references: References, matching: Matching
    ) -> None:
        """Decide by these settings.

        Args:
            settings: The target's settings.
            people: The stream of people.
            journal: Knows who opted out.
            references: Finds what records refer to.
            matching: Finds the vendor's records.
        """
        self._mode = settings.mode
        self._policy = Policy(
            settings.new_person_consent, settings.allow_resubscribe, settings.unkept_opt_outs == "send"
        )
        self._on_vanished = settings.on_vanished
        self._empties = bool(settings.empty_fields)
        self._region = region(settings.default_country)
        self._people = people
        self._journal = journal
        self._references = references
        self._matching = matching
        self._people_index = matching.people
        self.recent = matching.recent

    def match(self, task: WriteTask, told: Found | None = None) -> Match:
        """Find what a record refers to and is about.

        Args:
            task: The record.
            told: What the vendor says it is about, where it does.

        Raises:
            Waiting: If it refers to what is not written yet.
            Rejection: If it refers to what no run has written, or several records match it.
        """
        stream = task.stream
        try:
            resolved = self._references.resolve(task)
        except (Waiting, Rejection):
            if not task.deletes:
                raise
            if "{" in stream.path or stream.batch_by or not self._matching.known(task):
                return Match(None, None, task.key, Resolved())
            resolved = Resolved()
        foreign_id = stream.foreign_id(task.source_key)
        order = Order(stream, task.shaped.values, resolved.ids, foreign_id=foreign_id)
        is_known = task.deletes or stream.batch_by
        creates_nobody = task.unsubscribes or self._mode == UPDATE
        if creates_nobody and any(asked.status == consent.OUT for asked in task.shaped.consent.values()):
            task.look_up = True
        if told or is_known:
            found = told or self._matching.known(task)
        else:
            found = self._unchanged(task, order) or self._matching.find(task, order)
        if found and not is_known and not self._matching.as_one(task, found):
            found = None
        order = replace(order, values=task.shaped.values)
        if stream.subject:
            about: Hashable = (self._people, order.refers.get(stream.subject))
        else:
            about = (stream.name, found.id if found else task.source_key)
        return Match(order, found, about, resolved)

    def by_now(self, task: WriteTask, match: Match) -> Match:
        """The same, once nobody else writes about it: the record found may have become somebody else's."""
        found = match.found
        by_likeness = found and found.id not in {task.row.vendor_id, task.shaped.own_id} and not task.shaped.match_keys
        if found and (
            self.recent.has_moved_on(task, found.id) or (by_likeness and self.recent.is_of_another(task, found.id))
        ):
            return replace(match, found=None)
        return match

    def decide(self, task: WriteTask, match: Match) -> Decision:
        """Decide about a record.

        Raises:
            Rejection: If it cannot be written.
            NotFound: If the vendor has nothing any more under the id it had given.
        """
        order, found, stream = match.order, match.found, task.stream
        if order is None:
            return Decision(NOTHING)
        if task.arrival.deleted and found and self._journal.claimed(stream.name, found.id, but=task.source_key):
            return Decision(NOTHING)
        if task.deletes:
            if lacking := _lacking_in_path(order):
                raise Rejection("required_fields_missing", f"To delete one, {stream.name} need {', '.join(lacking)}.")
            return Decision(DELETE, order, found)
        if reason := self._leaves_alone(task, found):
            return Decision(SKIP, order, Found(task.vanished) if task.vanished else found, reason)
        return self._write(task, match, order, None if stream.batch_by else found)

    def _write(self, task: WriteTask, match: Match, order: Order, found: Found | None) -> Decision:
        """Decide about a record that is to be as it came: create, update, or adopt what is there."""
        stream = task.stream
        if found and found.channels:
            return Decision(ADOPT, order, found, withheld=task.shaped.withheld, incomplete=match.resolved.incomplete)
        if found and found.record is None and stream.read_before_update:
            found = shown(order, found)
        choices, found = self._consent(task, order, found)
        if task.merged and found:
            found = shown(order, found) if found.record is None else found
            task.shaped.withheld.append("what differs from an earlier record of the same person")
        if found and found.record is not None:
            task.shaped.values = stream.keeping(task.shaped.values, found.record, fills=task.merged)
        order = replace(
            order,
            values=task.shaped.values,
            statuses={channel: each.status for channel, each in choices.items() if each.status},
        )
        if found and not stream.can_update:
            if adopted := self._unchangeable(task, order, found):
                return Decision(ADOPT, order, adopted, choices=choices)
            found = None
        withheld = [*task.shaped.withheld, *(f"{name} unknown" for name in match.resolved.unknown)]
        unlike = None if found is None or found.record is None else stream.differences(order, found.record)
        if found and unlike == [] and not _says_more(task, order):
            incomplete = match.resolved.incomplete
            return Decision(ADOPT, order, found, choices=choices, withheld=withheld, incomplete=incomplete)
        if found:
            fixed = task.shape.fixed
            order = replace(order, values={name: each for name, each in order.values.items() if name not in fixed})
        elif self._empties:
            order = replace(order, values=_without_nulls(order.values))
        action = UPDATE if found else CREATE
        _require(task, action, order)
        return Decision(
            action,
            order,
            found,
            choices=choices,
            fields=sorted({*order.values, *order.refers, *order.statuses}) if unlike is None else unlike,
            withheld=withheld,
            incomplete=match.resolved.incomplete,
        )

    def _unchanged(self, task: WriteTask, order: Order) -> Found | None:
        """Find a person that the journal does not know, and that the index shows to be as the record wants them."""
        if self._matching.known(task) or task.look_up or task.unsubscribes or _says_more(task, order):
            return None
        person = self._people_index.unchanged(task, order)
        if not person or self._opted_out(task):
            return None
        stream = task.stream.name
        if self.recent.has_moved_on(task, person.id) or self._journal.claimed(stream, person.id, of_this_source=True):
            return None
        return Found(person.id, channels=person.channels)

    def _leaves_alone(self, task: WriteTask, found: Found | None) -> str:
        """Why the mode leaves a record alone, if it does."""
        row = task.row
        ours = row.state is State.FOUND or (row.fingerprint == task.fingerprint and row.state not in _AS_IT_SHOULD_BE)
        if found and self._mode == CREATE and not ours:
            return "exists already"
        if not found and task.vanished and self._on_vanished.of(task.stream.name, "skip") == "skip":
            return "vanished"
        return "does not exist" if not found and (self._mode == UPDATE or task.unsubscribes) else ""

    @staticmethod
    def _unchangeable(task: WriteTask, order: Order, found: Found) -> Found | None:
        """See that a record that cannot be changed is as it should be; None if it is to be created anew.

        Raises:
            Rejection: If it would have to be changed.
        """
        row, stream = task.row, task.stream
        if found.record is None and row.fingerprint not in {None, task.fingerprint} and stream.idempotent:
            return None
        record = fetched(found.id, order) if found.record is None else found.record
        if record is None:
            return None
        if unlike := stream.differences(order, record):
            raise Rejection("cannot_be_changed", f"The vendor lets nobody change {stream.name}: {', '.join(unlike)}.")
        return Found(found.id, record)

    def _consent(self, task: WriteTask, order: Order, found: Found | None) -> tuple[dict[str, Choice], Found | None]:
        """Decide what to send about consent, reading the person where that depends on what the vendor has.

        Raises:
            Rejection: If the vendor has an address already, and cannot keep that it is not to be used.
        """
        requested, stream = task.shaped.consent, task.stream
        if not requested:
            return {}, found
        opted_out = self._opted_out(task)
        kept = {name for name in requested if stream.channels[name].keeps is not Keeps.NOTHING}
        choices = {
            name: self._policy.for_new(stream.channels[name], asked, opted_out=name in opted_out)
            for name, asked in requested.items()
            if not found or name not in kept
        }
        withheld = {name for name, choice in choices.items() if choice.withheld}
        if found:
            known = consent.recalled(task.row.channels)
            task.merged = task.merged or consent.MERGED in known
            new = {name for name in kept if self._is_new(stream.channels[name], requested[name], known.get(name))}
            asks_in = any(asked.status == consent.IN for asked in requested.values())
            in_question = opted_out or withheld or (asks_in and self._policy.allow_resubscribe)
            if found.record is None and (in_question or new or not kept <= known.keys()):
                found = shown(order, found)
            read = found.record is not None and task.row.vendor_id
            taken = self._matching.taken_over(task, found) if read else set[str]()
            kept &= task.shaped.consent.keys()
            statuses = self._statuses(stream, found, known, opted_out)
            choices |= {
                name: self._policy.for_known(
                    stream.channels[name], requested[name], statuses.get(name), opted_out=name in opted_out
                )
                for name in kept
            }
            choices |= {
                name: choices[name].taken(statuses.get(name))
                for name in taken & kept
                if not stream.channels[name].of_person
            }
        if task.vanished:
            choices = {name: each.not_in() for name, each in choices.items()}
        if withheld:
            self._withhold(task, found, withheld, opted_out)
        return choices, found

    @staticmethod
    def _is_new(channel: Channel, asked: RequestedConsent, known: str | None) -> bool:
        """Whether the address that stands for a channel is not the one that the vendor last showed."""
        return bool(channel.asks and known and asked.addresses) and consent.digest(asked.addresses[0]) != known

    @staticmethod
    def _statuses(
        stream: Stream, found: Found, known: Mapping[str, str | None], opted_out: Mapping[str, set[str]]
    ) -> Mapping[str, str | None]:
        """The person's status by channel, None where the address is new; as far as that was read."""
        if found.record is None:
            return dict.fromkeys(known, consent.NOT_READ)
        theirs = stream.addresses_of(found.record)
        moved = {name for name, out in opted_out.items() if not out <= set(theirs.get(name, out))}
        return {**stream.statuses_of(found.record), **dict.fromkeys(moved)}

    @staticmethod
    def _withhold(task: WriteTask, found: Found | None, channels: set[str], opted_out: Mapping[str, set[str]]) -> None:
        """Leave out the addresses of channels about which the vendor keeps nothing.

        Raises:
            Rejection: If the vendor has one of them already, or may have.
        """
        shaped, stream = task.shaped, task.stream
        there = stream.addresses_of(found.record) if found and found.record else None
        written = bool(found or task.row.fingerprint)
        for name in channels:
            out = set(shaped.consent[name].addresses)
            if shaped.consent[name].status != consent.OUT:
                out = opted_out[name]
            elif there:
                out |= set(there[name])
            if written and (there is None or out & set(there[name])):
                raise Rejection(
                    CANNOT_BE_KEPT,
                    f"The vendor has the {name} address, or may have it, and nothing to say that it is not to be used."
                    " Take it away there by hand.",
                )
        fields = {field for name in channels for field in stream.channels[name].fields}
        shaped.values = {name: value for name, value in shaped.values.items() if name not in fields}

    def _opted_out(self, task: WriteTask) -> dict[str, set[str]]:
        """By channel, the addresses of which another record, and not this one, said that they are not to be used."""
        if self._policy.allow_resubscribe:
            return {}
        asked = {
            (name, spelling): address
            for name, each in task.shaped.consent.items()
            if each.status != consent.OUT
            for address in each.addresses
            if (name, address) not in task.opt_outs
            for spelling in spellings(address, self._region)
        }
        found: dict[str, set[str]] = {}
        for name, spelling in self._journal.opted_out(asked):
            found.setdefault(name, set()).add(asked[name, spelling])
        return found


def _require(task: WriteTask, action: str, order: Order) -> None:
    """Make sure that an order can be carried out, or tell which address it lacks because what came is none.

    Raises:
        Rejection: If it cannot.
    """
    try:
        task.stream.require(action, order)
    except Rejection as lacking:
        if lacking.code not in LACKING or not task.shaped.refused:
            raise
        what = ", ".join(task.shaped.withheld)
        raise Rejection("no_usable_address", f"{what}. {lacking.words}") from lacking


def _lacking_in_path(order: Order) -> list[str]:
    """The properties that a stream's path needs the vendor's ids of, and an order has none of."""
    needed = [name for _, name, _, _ in Formatter().parse(order.stream.path) if name]
    return [name for name in needed if not order.refers.get(name)]


def _without_nulls(value: Any) -> Any:
    """What is given: a new record has nothing that a null could empty."""
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [each for each in map(_without_nulls, value) if each != {}]
    return value


def _says_more(task: WriteTask, order: Order) -> bool:
    """Whether an order holds what a vendor's record never shows, so that equal is not enough to leave it."""
    return any(order.values.get(name) or order.refers.get(name) for name in task.shape.write_only)
