"""Probes that vendors share: of what is not there, of words, of the order of records, and those that nobody can try."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from osdi_crm_client.errors import VendorError

from tap_osdi_crm.conformance import masking, streams
from tap_osdi_crm.conformance.probe import Finding, Probe, as_assumed, not_tried, otherwise

if TYPE_CHECKING:
    from tap_osdi_crm.conformance.bench import Bench


def missing(name: str, path: str, what: str) -> Probe:
    """Return the probe of what is answered where there is nothing.

    Args:
        name: Its name.
        path: A path at which there is nothing.
        what: What that is, for the question.
    """
    return Probe(name, f"Is {what} that there is not answered with HTTP 404?", partial(_missing, path))


def _missing(path: str, bench: Bench) -> Finding:
    try:
        bench.account.call("GET", path, repeatable=False)
    except VendorError as error:
        if error.status == 404:
            return as_assumed("it is")
        return otherwise(f"it is answered with HTTP {error.status}: what is gone cannot be told from what is barred")
    return otherwise("it is answered as if it were there")


def words(stream: str, path: str, *known: str) -> Probe:
    """Return the probe of the words that a property of a stream has.

    Args:
        stream: The stream.
        path: The property, as in its schema.
        known: The words that are known.
    """
    question = f"Is '{path}' of '{stream}' always one of {', '.join(known)}?"
    return Probe(f"{stream}.{path}.words", question, partial(_words, stream, path, frozenset(known)))


def _words(stream: str, path: str, known: frozenset[str], bench: Bench) -> Finding:
    values = {value for row in bench.sample(stream).rows for value in streams.at(row, path) if value is not None}
    if not values:
        return not_tried("no record of '{}' has it", stream)
    others = sorted({masking.word(value) for value in values if str(value).casefold() not in known})
    if not others:
        return as_assumed("it is")
    return otherwise(f"it also says: {', '.join(others)}")


def order_holds(stream: str) -> Probe:
    """Return the probe of whether the records of a stream come in the same order when they are read again."""
    question = f"Do '{stream}' come in the same order when they are read again, while nothing changes?"
    return Probe("order_holds", question, partial(_order_holds, stream))


def _order_holds(stream: str, bench: Bench) -> Finding:
    sample = bench.sample(stream)
    if len(sample.rows) < 2 or sample.part is None:
        return not_tried("fewer than two records came")
    source = sample.source
    again = [str(row.get(source.own_key)) for row in source.page(sample.part).rows]
    if again == sample.keys:
        return as_assumed("they do")
    return otherwise("they came in another: pages by number may lose records; if nothing changed meanwhile, tell us")


def untried(name: str, question: str, why: str) -> Probe:
    """Return the probe of what the kit does not try."""
    return Probe(name, question, lambda _: not_tried(why))
