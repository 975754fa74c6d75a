"""From a record to a decision: what it refers to, which of the vendor's it is, what consent allows, what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from target_osdi_crm import consent
from target_osdi_crm.decide.consent import Policy
from target_osdi_crm.decide.decision import ADOPT, NOTHING, SKIP, Decision
from target_osdi_crm.decide.match import fetched, shown
from target_osdi_crm.decide.references import Resolved, Waiting
from target_osdi_crm.intake.addresses import region, spellings
from target_osdi_crm.journal.states import State
from target_osdi_crm.rejects import LACKING, Rejection
from target_osdi_crm.vendor import CREATE, DELETE, UPDATE, Found, Order

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from target_osdi_crm.consent import RequestedConsent
    from target_osdi_crm.decide.consent import Choice
    from target_osdi_crm.decide.match import Matching
    from target_osdi_crm.decide.references import References
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.settings import TargetSettings
    from target_osdi_crm.task import WriteTask

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
        self._policy = Policy(settings.new_person_consent, settings.allow_resubscribe)
        self._region = region(settings.default_country)
        self._people = people
        self._journal = journal
        self._references = references
        self._matching = matching
        self.recent = matching.recent

    def match(self, task: WriteTask) -> Match:
        """Find what a record refers to and is about.

        Raises:
            Waiting: If it refers to what is not written yet.
            Rejection: If it refers to what no run has written, or several records match it.
        """
        stream = task.stream
        try:
            resolved = self._references.resolve(task)
        except Waiting:
            if task.arrival.deleted:
                return Match(None, None, task.key, Resolved())
            raise
        foreign_id = stream.foreign_id(task.source_key)
        order = Order(stream, task.shaped.values, resolved.ids, foreign_id=foreign_id)
        if task.arrival.deleted or stream.batch_by:
            found = Found(task.row.vendor_id) if task.row.vendor_id else None
        else:
            found = self._matching.find(task, order)
        if stream.subject:
            about: Hashable = (self._people, order.refers.get(stream.subject))
        else:
            about = (stream.name, found.id if found else task.source_key)
        return Match(order, found, about, resolved)

    def by_now(self, task: WriteTask, match: Match) -> Match:
        """The same, once nobody else writes about it: the record found may have become somebody else's."""
        if match.found and self.recent.is_another(task, match.found.id):
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
        if task.arrival.deleted:
            return Decision(DELETE, order, found)
        if reason := self._leaves_alone(task, found):
            return Decision(SKIP, order, found, reason)
        return self._write(task, match, order, None if stream.batch_by else found)

    def _write(self, task: WriteTask, match: Match, order: Order, found: Found | None) -> Decision:
        """Decide about a record that is to be as it came: create, update, or adopt what is there."""
        stream = task.stream
        if found and found.record is None and stream.read_before_update:
            found = shown(order, found)
        choices, found = self._consent(task, order, found)
        order = replace(order, statuses={channel: each.status for channel, each in choices.items() if each.status})
        if found and not stream.can_update:
            if adopted := self._unchangeable(task, order, found):
                return Decision(ADOPT, order, adopted, choices=choices)
            found = None
        unlike = None if found is None or found.record is None else stream.differences(order, found.record)
        if found and unlike == [] and not _says_more(task, order):
            return Decision(ADOPT, order, found, choices=choices)
        if found:
            fixed = task.shape.fixed
            order = replace(order, values={name: each for name, each in order.values.items() if name not in fixed})
        action = UPDATE if found else CREATE
        _require(task, action, order)
        return Decision(
            action,
            order,
            found,
            choices=choices,
            fields=sorted({*order.values, *order.refers, *order.statuses}) if unlike is None else unlike,
            withheld=[*task.shaped.withheld, *(f"{name} unknown" for name in match.resolved.unknown)],
            incomplete=match.resolved.incomplete,
        )

    def _leaves_alone(self, task: WriteTask, found: Found | None) -> str:
        """Why the mode leaves a record alone, if it does."""
        row = task.row
        ours = row.state is State.FOUND or (row.fingerprint == task.fingerprint and row.state not in _AS_IT_SHOULD_BE)
        if found and self._mode == CREATE and not ours:
            return "exists already"
        return "does not exist" if not found and self._mode == UPDATE else ""

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
        """Decide what to send about consent, reading the person where that depends on what the vendor has."""
        requested, stream = task.shaped.consent, task.stream
        if not requested:
            return {}, found
        opted_out = self._opted_out(requested)
        if not found:
            return {
                channel: self._policy.for_new(asked, opted_out=channel in opted_out)
                for channel, asked in requested.items()
            }, None
        known = set((task.row.channels or "").split(","))
        asks_in = any(asked.status == consent.IN for asked in requested.values())
        in_question = opted_out or (asks_in and self._policy.allow_resubscribe)
        if found.record is None and (in_question or not requested.keys() <= known):
            found = shown(order, found)
        statuses: Mapping[str, str | None]
        if found.record is None:
            statuses = dict.fromkeys(known, consent.NOT_READ)
        else:
            theirs = stream.addresses_of(found.record)
            moved = {each for each in opted_out & theirs.keys() if requested[each].address not in theirs[each]}
            statuses = {**stream.statuses_of(found.record), **dict.fromkeys(moved)}
        return {
            channel: self._policy.for_known(asked, statuses.get(channel), opted_out=channel in opted_out)
            for channel, asked in requested.items()
        }, found

    def _opted_out(self, requested: Mapping[str, RequestedConsent]) -> set[str]:
        """Channels of which some record said that the address is not to be used, and this one does not."""
        if self._policy.allow_resubscribe:
            return set()
        return {
            channel
            for channel, asked in requested.items()
            if asked.address
            and asked.status != consent.OUT
            and any(self._journal.opted_out(channel, each) for each in spellings(asked.address, self._region))
        }


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


def _says_more(task: WriteTask, order: Order) -> bool:
    """Whether an order holds what a vendor's record never shows, so that equal is not enough to leave it."""
    return any(order.values.get(name) or order.refers.get(name) for name in task.shape.write_only)
