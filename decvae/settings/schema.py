"""A JSON schema as the one description of a configuration: readable errors, defaults and documentation.

Nothing here knows what the keys mean; see :mod:`decvae.study.configuration` for that.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

from decvae.settings.base import ConfigError, suggest

TABLE_START, TABLE_END = "<!-- keys: start -->", "<!-- keys: end -->"


def load_schema(path: str | Path) -> dict[str, Any]:
    """Read the JSON schema (written in YAML) and check that it is one."""
    schema = yaml.safe_load(Path(path).read_text())
    Draft202012Validator.check_schema(schema)
    return schema


def complete(config: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Check a configuration against a schema and fill in the schema's defaults.

    Returns
    -------
    dict
        A complete copy; numbers have the type that the schema asks for, so that ``1`` and ``1.0`` hash alike.

    Raises
    ------
    ConfigError
        With all problems at once; each names the full key, the value found, what is allowed and what the key means.
    """
    errors = sorted(
        Draft202012Validator(schema).iter_errors(config),
        key=lambda error: [(isinstance(part, str), part) for part in error.absolute_path],
    )
    # A wrong type is often outside the enum, too: one paragraph per key and sentence is enough.
    problems = list(dict.fromkeys(problem for error in errors for problem in _explain(error)))
    problems += [f"`{key}` is {value}; allowed: a finite number." for key, value in _not_finite(config)]
    if problems:
        raise ConfigError(problems)
    return _complete(config, schema, schema)


def _dotted(parts: Iterable[str | int]) -> str:
    """``runs[2].beta_z`` from its path."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.lstrip(".") or "the configuration"


def _allowed(schema: dict[str, Any]) -> str:
    """What a schema accepts, in words.

    >>> _allowed({"type": "number", "minimum": 0})
    'a number >= 0'
    """
    if "enum" in schema:
        return "one of " + ", ".join("null" if item is None else str(item) for item in schema["enum"])
    types = schema.get("type", "any value")
    words = [types] if isinstance(types, str) else types
    articles = {
        "integer": "an integer",
        "object": "a section of keys",
        "array": "a list",
        "null": "null",
        "any value": "any value",
    }
    text = " or ".join(articles.get(word, f"a {word}") for word in words)
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    limits = [f"{sign} {schema[key]}" for key, sign in bounds.items() if key in schema]
    if limits:
        text += " " + " and ".join(limits)
    if "minItems" in schema:
        exact = schema["minItems"] == schema.get("maxItems")
        text += f" of {'exactly' if exact else 'at least'} {schema['minItems']}"
    if "items" in schema and ("type" in schema["items"] or "enum" in schema["items"]):
        text += f", each {_allowed(schema['items'])}"
    return text


def _as_yaml_number(text: str) -> str | None:
    """How a number that YAML reads as text must be written; None if it is no number.

    >>> _as_yaml_number("1e-4"), _as_yaml_number("2.5e3"), _as_yaml_number("ten")
    ('1.0e-4', '2.5e+3', None)
    """
    match = re.fullmatch(r"([+-]?\d+)(\.\d*)?(?:[eE]([+-]?)(\d+))?", text.strip())
    if not match:
        return None
    whole, fraction, sign, exponent = match.groups()
    if exponent is None:
        return whole + (fraction or "")
    return f"{whole}{fraction if fraction and fraction != '.' else '.0'}e{sign or '+'}{exponent}"


def _hint(value: Any, schema: dict[str, Any]) -> str:
    """A sentence on the usual YAML traps behind a value of the wrong type."""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if isinstance(value, str) and {"number", "integer"} & set(types) and (number := _as_yaml_number(value)):
        return (
            f" This is text, not a number; in a file, write {number} (without quotes). On the command line, `--config` "
            "makes text of numbers within sections: put them into a file for `--configfile`."
        )
    if isinstance(value, bool) and ("string" in types or "enum" in schema):
        return ' YAML reads yes, no, on and off as true or false; put the word in quotes ("no").'
    return ""


def _explain(error: ValidationError) -> Iterator[str]:
    key, schema, value = _dotted(error.absolute_path), error.schema, error.instance
    if error.validator == "additionalProperties":
        known = schema.get("properties", {})
        for name in value:
            if name not in known:
                yield f"`{_dotted([*error.absolute_path, name])}` is not a known key.{suggest(name, known)}"
        return
    description = f" ({schema['description']})" if "description" in schema else ""
    if error.validator in ("pattern", "minProperties", "uniqueItems"):
        yield f"`{key}`: {error.message}.{description}"
        return
    shown = "null" if value is None else repr(value)
    yield f"`{key}` is {shown}; allowed: {_allowed(schema)}.{_hint(value, schema)}{description}"


def _not_finite(value: Any, parts: tuple[str | int, ...] = ()) -> Iterator[tuple[str, float]]:
    """Every NaN or infinity (`.nan`, `.inf` in YAML), which a schema's bounds let pass."""
    if isinstance(value, float) and not math.isfinite(value):
        yield _dotted(parts), value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, item in items:
        yield from _not_finite(item, (*parts, part))


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """A schema with its local ``$ref``, and that of its items, replaced by what it points to."""
    if "items" in schema:
        schema = {**schema, "items": _resolved(schema["items"], root)}
    if "$ref" not in schema:
        return schema
    target: Any = root
    for part in schema["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**_resolved(target, root), **{key: item for key, item in schema.items() if key != "$ref"}}


def _branches(schema: dict[str, Any], root: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a schema with cases is in each of them: the value that selects the case, and the schema."""
    for case in schema.get("allOf", ()):
        if "then" in case:
            (selector,) = case["if"]["properties"].values()
            yield selector["enum"][0], {**_resolved(case["then"], root)}


def _chosen(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """The schema of the case that a value belongs to; the schema itself if it has no cases."""
    for case, (_, found) in zip(schema.get("allOf", ()), _branches(schema, root), strict=False):
        if Draft202012Validator(case["if"]).is_valid(value):
            return found
    return schema


def _complete(value: Any, schema: dict[str, Any], root: dict[str, Any], defaults: bool = True) -> Any:
    """Fill in defaults and give numbers their declared type.

    Items of lists get no defaults (a run is partial), nor what a schema with ``partial`` describes.
    """
    schema = _chosen(value, _resolved(schema, root), root)
    defaults = defaults and not schema.get("partial")
    if isinstance(value, dict):
        known, other = schema.get("properties", {}), schema.get("additionalProperties")
        filled = {}
        for name, sub in known.items():
            if name in value:
                filled[name] = _complete(value[name], sub, root, defaults)
            elif defaults and "default" in (sub := _resolved(sub, root)):
                filled[name] = _complete(copy.deepcopy(sub["default"]), sub, root)
        for name in value:
            if name not in known:
                filled[name] = _complete(value[name], other, root, defaults)
        return filled
    if isinstance(value, list):
        return [_complete(item, schema.get("items", {}), root, defaults=False) for item in value]
    types = schema.get("type", [])
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if "integer" in types:
            return int(value)
        if "number" in types:
            return float(value)
    return value


def document(schema: dict[str, Any]) -> str:
    """The table of every key in Markdown: key, allowed values, default, meaning."""
    sections = []
    for name, section in schema["properties"].items():
        rows = "\n".join(_rows(name, section, schema))
        sections.append(f"### `{name}`\n\n| key | allowed | default | meaning |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(sections)


def _rows(key: str, schema: dict[str, Any], root: dict[str, Any]) -> Iterator[str]:
    schema = _resolved(schema, root)
    allowed = _allowed(schema).replace("|", "\\|")
    default = ""
    if "default" in schema and schema["default"] != {}:
        text = yaml.safe_dump(schema["default"], default_flow_style=True, width=10_000)
        default = f"`{text.removesuffix('...' + chr(10)).strip()}`"
    for name, branch in _branches(schema, root):
        yield from _rows(f"{key}[{name}]", branch, root)
    if "allOf" in schema:
        return
    yield f"| `{key}` | {allowed} | {default} | {schema.get('description', '')} |"
    for name, sub in () if schema.get("partial") else schema.get("properties", {}).items():
        yield from _rows(f"{key}.{name}", sub, root)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _rows(f"{key}.NAME", schema["additionalProperties"], root)


def with_table(text: str, schema: dict[str, Any]) -> str:
    """``text`` with the part between the two markers replaced by the table of keys."""
    if TABLE_START not in text or TABLE_END not in text:
        raise ValueError(f"the text needs the markers {TABLE_START} and {TABLE_END} around the place of the table")
    before, rest = text.split(TABLE_START, 1)
    return f"{before}{TABLE_START}\n\n{document(schema)}\n{TABLE_END}{rest.split(TABLE_END, 1)[1]}"
