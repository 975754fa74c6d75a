"""Stream maps: one that is no expression ends the run at its start, a record that one fails on is rejected alone."""

from __future__ import annotations

import ast
import operator
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from osdi_crm_client.errors import ConfigurationError
from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError
from singer_sdk.mapper import (
    MAPPER_ALIAS_OPTION,
    MAPPER_ELSE_OPTION,
    MAPPER_KEY_PROPERTIES_OPTION,
    MAPPER_SOURCE_OPTION,
    NULL_STRING,
    CustomStreamMap,
    PluginMapper,
    StreamMap,
)
from typing_extensions import override

from target_osdi_crm.intake.values import text_of
from target_osdi_crm.stop import CONFIGURATION, Stop

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence

    Transform = Callable[[dict[str, Any]], dict[str, Any] | None]

_NO_EXPRESSIONS = (MAPPER_ALIAS_OPTION, MAPPER_ELSE_OPTION, MAPPER_KEY_PROPERTIES_OPTION, MAPPER_SOURCE_OPTION)


class Reject(Protocol):
    """Rejects a record."""

    def __call__(self, mapped: StreamMap, record: dict[str, Any], error: Exception) -> None:
        """Reject a record that could not be mapped."""


class Mapper(PluginMapper):
    """The SDK's mapper, in which nothing that goes wrong leaves a traceback, and null never becomes text."""

    @override
    def __init__(self, plugin_config: dict[str, Any], logger: logging.Logger, reject: Reject) -> None:
        try:
            super().__init__(plugin_config, logger)
        except StreamMapConfigError as error:
            raise ConfigurationError(f"The setting 'stream_maps' cannot be used: {error}") from None
        self._reject = reject
        for stream, definition in self.stream_maps_dict.items():
            if isinstance(definition, dict):
                _check(stream, definition)

    @override
    def register_raw_stream_schema(
        self, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None
    ) -> None:
        try:
            super().register_raw_stream_schema(stream_name, schema, key_properties)
        except (MapExpressionError, StreamMapConfigError) as error:
            raise Stop(
                CONFIGURATION, f"The setting 'stream_maps' cannot be used for '{stream_name}': {error}"
            ) from None
        for each in self.stream_maps[stream_name]:
            if isinstance(each, CustomStreamMap):
                _keep_null_out_of_text(each.expr_evaluator)
                if not each.flattening_enabled:
                    _leave_types_open(each.transformed_schema["properties"], schema["properties"])
            if isinstance(each, CustomStreamMap) or each.flattening_enabled:
                guarded = partial(self._transformed, each, each.transform)
                each.transform = guarded  # type: ignore[method-assign]

    def _transformed(self, mapped: StreamMap, transform: Transform, record: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return transform(record)
        except Exception as error:  # noqa: BLE001
            self._reject(mapped, record, error)
            return None


def _leave_types_open(properties: dict[str, Any], before: Mapping[str, Any]) -> None:
    """Have the results of expressions be of any type: the SDK takes nearly all of them for text."""
    for name, found in properties.items():
        if found != before.get(name):
            properties[name] = {}


def _check(stream: str, definition: Mapping[str, Any]) -> None:
    """See that a stream's definition holds expressions only.

    Raises:
        ConfigurationError: If one cannot be read, or calls a function that there is none of.
    """
    able = CustomStreamMap("", {}, {}, {"properties": {}}, None, {}, None).expr_evaluator
    for name, given in definition.items():
        if name not in _NO_EXPRESSIONS and given not in (None, NULL_STRING) and (why := _wrong_with(given, able)):
            raise ConfigurationError(f"The setting 'stream_maps' has no expression for '{name}' of '{stream}': {why}.")


def _wrong_with(expression: Any, able: Any) -> str | None:
    """What makes an expression none, if anything does."""
    if not isinstance(expression, str):
        return "it is not text"
    try:
        parsed = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return f"'{expression}' cannot be read"
    for node in ast.walk(parsed.body):
        if isinstance(node, ast.expr) and type(node) not in able.nodes:
            return f"{type(node).__name__} is not available in '{expression}'"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in able.functions:
            return f"there is no function '{node.func.id}'"
    return None


def _keep_null_out_of_text(evaluator: Any) -> None:
    """Have text made of values as everywhere in the target, and of null not at all: it would be called "None"."""
    formatted: Callable[[Any], Any] = evaluator.nodes[ast.FormattedValue]
    evaluator.functions["str"] = lambda value="": None if value is None else text_of(value)
    evaluator.operators[ast.Mod] = _modulo
    evaluator.nodes[ast.FormattedValue] = lambda node: _given(formatted(node))


def _modulo(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        right = tuple(_given(each) for each in right) if isinstance(right, tuple) else _given(right)
    return operator.mod(left, right)


def _given(value: Any) -> Any:
    """Return a value that is to be put into text.

    Raises:
        ValueError: If it is null.
    """
    if value is None:
        raise ValueError("null cannot be put into text")
    return text_of(value) if not isinstance(value, int | float) or isinstance(value, bool) else value
