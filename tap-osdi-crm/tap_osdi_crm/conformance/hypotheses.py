"""How a stream might be read where it is not as assumed: overrides worth a try, and which of them brings records."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import Denied, NotAllowed, Refused
from osdi_crm_schemas import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_osdi_crm.conformance.bench import Bench, Sample
    from tap_osdi_crm.resources import Resource

DEEPEST = 4
"""Names of an answer, one within the other, below which no list of records is looked for."""

_SEARCH = re.compile(r"(?i)(search|results)$")
"""The end of paths that may be called by any method: elsewhere a POST or PUT would write."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

LIKER = 0.2
"""By how much names that share words are liker than names that share as many letters."""

_KEY_LIKE = re.compile(r"(?i).*(id|guid|uuid|key|no|number|code)$")


def readable(bench: Bench, sample: Sample, elsewhere: Iterable[Mapping[str, Any]]) -> Sample | None:
    """Return the look at a stream with the first override that brings records which can be told apart.

    Args:
        bench: The bench.
        sample: The look that was not as assumed.
        elsewhere: Overrides that others have seen or that lie at hand.
    """
    stream = sample.source.name
    for change in _worth_a_try(sample, elsewhere):
        found = bench.try_change(stream, change) or _completed(bench, stream, change)
        if found:
            return found
    return None


def _worth_a_try(sample: Sample, elsewhere: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    resource = sample.source.resource
    if isinstance(sample.error, Denied | NotAllowed):
        return
    if isinstance(sample.error, Refused) or (sample.error is None and not sample.rows):
        yield from elsewhere
        if sample.error:
            methods = ("GET", "POST", "PUT") if _SEARCH.search(resource.path) else ("GET",)
            yield from ({"method": each} for each in methods if each != resource.method)
            yield from ({"path": each} for each in respelled(resource.path))
    else:
        yield from _by_answer(sample)


def _by_answer(sample: Sample) -> Iterator[Mapping[str, Any]]:
    """Yield what an answer suggests that came, but not in the form assumed."""
    for place in lists_in(sample.body):
        if place and place != sample.source.resource.records:
            yield {"records_path": place}
    for key in keys_of(sample.rows, sample.source.resource):
        yield {"key": key}


def _completed(bench: Bench, stream: str, change: Mapping[str, Any]) -> Sample | None:
    """Try an override together with what the answer to it suggests: a list elsewhere may hold another key, too."""
    sample = bench.look_with(stream, change)
    if sample is None:
        return None
    for more in _by_answer(sample):
        both = {**change, **more}
        found = bench.try_change(stream, both)
        if found is None and more.keys() - change.keys() == {"records_path"}:
            found = _completed(bench, stream, both)
        if found:
            return found
    return None


def lists_in(body: Any, place: str = "", depth: int = 0) -> list[str]:
    """Return where the lists of objects in an answer stand, the longest first; an answer that is one stands at ``."""
    found: list[tuple[int, str]] = []

    def walk(value: Any, at: str, depth: int) -> None:
        if isinstance(value, list):
            if value and all(isinstance(each, dict) for each in value):
                found.append((len(value), at))
        elif isinstance(value, dict) and depth < DEEPEST:
            for name, inner in value.items():
                if "." not in name:
                    walk(inner, f"{at}.{name}" if at else name, depth + 1)

    walk(body, place, depth)
    return [at for _, at in sorted(found, key=lambda each: -each[0])]


def keys_of(rows: list[Any], resource: Resource) -> list[str]:
    """Return the names that may hold the id of these records: of all, unlike in each, and most like the one assumed."""
    if not rows:
        return []
    assumed = resource.keys[-1]
    names = [
        name
        for name in rows[0]
        if name != assumed
        and all(isinstance(row.get(name), int | str) and not isinstance(row.get(name), bool) for row in rows)
        and len({row[name] for row in rows}) == len(rows)
        and (_KEY_LIKE.match(name) or alike(name, assumed) > 0.7)
    ]
    return sorted(names, key=lambda name: (-alike(name, assumed), not name.lower().endswith("id"), name))


def alike(one: str, other: str) -> float:
    """Return how like two names are, from 0 to 1: in their letters, or in the words that they are made of."""
    words = [{*map(str.lower, _WORD.findall(each))} for each in (one, other)]
    in_words = len(words[0] & words[1]) / max(map(len, words), default=1) if all(words) else 0.0
    return max(SequenceMatcher(None, fold(one), fold(other)).ratio(), in_words + LIKER)


def respelled(path: str) -> Iterator[str]:
    """Yield other spellings of the last segment of a path that names something, and of the whole."""
    segments = path.split("/")
    last = next((n for n in reversed(range(len(segments))) if "{" not in segments[n] and segments[n]), None)
    if last is None:
        return
    words = _WORD.findall(segments[last])
    plural, singular = [*words[:-1], f"{words[-1]}s"], [*words[:-1], words[-1].removesuffix("s")]
    spelled = [
        *("".join([*words[:n], words[n] + words[n + 1].lower(), *words[n + 2 :]]) for n in range(len(words) - 1)),
        *("".join(each) for each in (singular, plural)),
        *(segments[last].replace(*each) for each in (("Id", "ID"), ("ID", "Id"))),
        segments[last].lower(),
        segments[last][:1].lower() + segments[last][1:],
        *(joint.join(each.lower() for each in words) for joint in "_-"),
    ]
    for each in dict.fromkeys(spelled):
        if each and each != segments[last]:
            yield "/".join([*segments[:last], each, *segments[last + 1 :]])
    if path.lower() not in (path, "/".join([*segments[:last], segments[last].lower()])):
        yield path.lower()
