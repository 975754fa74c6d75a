"""What is asked, and what the answer can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tap_osdi_crm.conformance import masking

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_osdi_crm.conformance.bench import Bench


class Verdict(StrEnum):
    """How an assumption stands."""

    AS_ASSUMED = "as assumed"
    OTHERWISE = "otherwise"
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Finding:
    """The answer to a probe.

    Attributes:
        verdict: How the assumption stands.
        sentence: What was seen, in words of ours, with `{}` for each name of the vendor's.
        names: Those names.
        settings: Settings of the tap or the target that correct what is otherwise.
    """

    verdict: Verdict
    sentence: str
    names: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> str:
        """Return it for who runs the kit."""
        return self.sentence.format(*self.names)

    def kept(self) -> dict[str, Any]:
        """Return what may be kept of it."""
        seen = self.sentence.format(*map(masking.name, self.names))
        kept = {"answer": self.verdict, "seen": seen}
        return {**kept, "settings": _masked(self.settings)} if self.settings else kept


def _masked(value: Any) -> Any:
    """Return settings as they may be kept: their names are our own, and what they hold is the vendor's."""
    if isinstance(value, dict):
        return {name: _masked(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return masking.name(value) if isinstance(value, str) else value


def as_assumed(sentence: str, *names: str) -> Finding:
    """Return that all is as assumed."""
    return Finding(Verdict.AS_ASSUMED, sentence, names)


def otherwise(sentence: str, *names: str, settings: Mapping[str, Any] | None = None) -> Finding:
    """Return that something is otherwise, and the settings that correct it, if any do."""
    return Finding(Verdict.OTHERWISE, sentence, names, settings or {})


def not_tried(sentence: str, *names: str) -> Finding:
    """Return why something could not be tried."""
    return Finding(Verdict.NOT_TRIED, sentence, names)


@dataclass(frozen=True)
class Probe:
    """One assumption, and how it is tried.

    Attributes:
        name: Its name: of a stream's, the stream and the property.
        question: What is asked, in one sentence.
        ask: Finds the answer.
        step: What it writes, in a sentence that is told first; nothing where it only reads.
    """

    name: str
    question: str
    ask: Callable[[Bench], Finding]
    step: str = ""
