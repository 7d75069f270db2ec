"""What a section of the configuration is: a typed, frozen model that says every mistake in a full sentence.

A field's type, range, default and description stand in one line of its class. From there come the library's settings
object, its validation, the JSON schema and the table in config/README.md (:mod:`decvae.settings.document`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator
from pydantic._internal._model_construction import ModelMetaclass  # which has no public name
from pydantic_core import ErrorDetails, PydanticCustomError

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")
Schema = dict[str, Any]
Path = tuple[str | int, ...]  # of a key
T = TypeVar("T")


class ConfigError(ValueError):
    """The configuration cannot be used; the message lists every problem, one paragraph each."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n\n".join([f"The configuration has {count}:", *problems]))


def _without_repetition(items: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(items)) < len(items):
        raise PydanticCustomError("repetition", "has non-unique elements")
    return items


Items = Annotated[tuple[T, ...], Strict(False)]  # a list in YAML
Distinct = Annotated[Items[T], AfterValidator(_without_repetition), Field(json_schema_extra={"uniqueItems": True})]
Count = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]


def setting(default: Any, meaning: str, **limits: Any) -> Any:
    """A field of a :class:`Section`: its default, its meaning, and its range in the words of :func:`pydantic.Field`."""
    return Field(default, description=meaning, **limits)


def mistake(key: str, problem: str) -> PydanticCustomError:
    """What a validator raises: the key in its section, and the rest of the sentence that begins with it."""
    return PydanticCustomError("mistake", "`{key}` {problem}", {"key": key, "problem": problem})


class _Checked(ModelMetaclass):
    def __call__(cls, **values: Any) -> Any:
        """Mistakes of a section that is made in Python are told as those of a file are."""
        return cls.parse(values)  # type: ignore[attr-defined]


class Section(BaseModel, metaclass=_Checked):
    """Settings of one section. Numbers are of their declared type, so that ``1`` and ``1.0`` hash alike."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _whole_numbers(cls, values: object) -> object:
        """Integers that YAML writes as 1.0e+4, where integers are asked for."""
        if not isinstance(values, dict):
            return values
        whole = [key for key, value in values.items() if isinstance(value, float) and value.is_integer()]
        kinds = {key: cls.model_fields[key].annotation for key in whole if key in cls.model_fields}
        found = {key: int(values[key]) for key, kind in kinds.items() if int in (kind, *get_args(kind))}
        return {**values, **found} if found else values

    @classmethod
    def parse(cls, values: object, key: str = "") -> Self:
        """The section from plain values, as read from YAML; keys that are not there have their defaults.

        Raises
        ------
        ConfigError
            With all problems at once; each names the full key (after ``key``), the value found, what is allowed and
            what the key means.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError([text for _, text in problems(error, cls, key)]) from None

    def replace(self, **changes: object) -> Self:
        """A copy with other values, checked again."""
        return self.parse({**dict(self), **changes})

    def plain(self, *, without: Iterable[str] = ()) -> dict[str, Any]:
        """All values as JSON has them."""
        return self.model_dump(mode="json", exclude=set(without))


# ---- Mistakes in words ----


def problems(error: ValidationError, model: type[BaseModel], key: str = "") -> list[tuple[Path, str]]:
    """Each mistake that pydantic found once: the path of its key, and a paragraph that names it after ``key``."""
    root = model.model_json_schema()
    found: dict[str, Path] = {}
    details = error.errors(include_url=False)
    for detail in details:
        # A list counts as too short, too, if one of its items is wrong.
        inner = [one for one in details if one["loc"][: len(detail["loc"])] == detail["loc"] != one["loc"]]
        if detail["type"] != "too_short" or not inner:
            path, text = _explain(detail, root, key)
            found.setdefault(text, path)
    return [(path, text) for text, path in found.items()]


def dotted_path(path: Iterable[str | int]) -> str:
    """``runs[2].branch_z.beta`` from its path."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".") or "the configuration"


def suggest(word: object, known: Iterable[object]) -> str:
    """A sentence that offers the closest of the known words and lists them all."""
    words = sorted(map(str, known))
    close = difflib.get_close_matches(str(word), words, n=1)
    hint = f" Did you mean `{close[0]}`?" if close else ""
    return f"{hint} Allowed here: {', '.join(words) or 'nothing'}."


def resolved(schema: Schema, root: Schema) -> Schema:
    """A schema with its reference replaced by what it points to."""
    if "$ref" not in schema:
        return schema
    target = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return {**resolved(target, root), **{key: item for key, item in schema.items() if key != "$ref"}}


def entries(schema: Schema, of_list: bool = False) -> Schema | None:
    """The schema of all items of a list, or of all values by name; None if there are none."""
    if of_list:
        return schema.get("items")
    named = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
    return named if isinstance(named, dict) else None


def meaning(schema: Schema) -> str:
    """The description of a key; of the docstring of a section the first line."""
    return schema.get("description", "").partition("\n")[0]


def allowed(schema: Schema) -> str:
    """What a schema accepts, in words.

    >>> allowed({"type": "number", "minimum": 0})
    'a number >= 0'
    >>> allowed({"anyOf": [{"enum": ["js", "kl"]}, {"type": "null"}]})
    'one of js, kl, null'
    """
    if "anyOf" in schema:
        *first, last = map(allowed, schema["anyOf"])
        if last == "null" and first[0].startswith("a list"):
            return f"null or {first[0]}"
        joint = ", " if last == "null" and first[0].startswith("one of") else " or "
        return joint.join([" or ".join(first), last])
    if "enum" in schema or "const" in schema:
        return "one of " + ", ".join(map(str, schema.get("enum", [schema.get("const")])))
    kind = schema.get("type", "object" if "oneOf" in schema or "$ref" in schema else "value")
    special = {"integer": "an integer", "object": "a section of keys", "array": "a list", "null": "null"}
    text = special.get(kind, f"a {kind}")
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    limits = [f"{sign} {schema[key]}" for key, sign in bounds.items() if key in schema]
    if limits:
        text += " " + " and ".join(limits)
    if "minItems" in schema:
        exact = schema["minItems"] == schema.get("maxItems")
        text += f" of {'exactly' if exact else 'at least'} {schema['minItems']}"
    if {"type", "enum"} & schema.get("items", {}).keys():
        text += f", each {allowed(schema['items'])}"
    return text


def _explain(detail: ErrorDetails, root: Schema, key: str) -> tuple[Path, str]:
    """Path and paragraph of one mistake."""
    kind, value, context, place = detail["type"], detail["input"], detail.get("ctx", {}), detail["loc"]
    if kind in ("extra_forbidden", "invalid_key"):
        path, schema = _follow(place[:-1], root)
        path = (*path, place[-1])
        return path, f"`{_joined(key, path)}` is not a known key.{suggest(place[-1], schema.get('properties', ()))}"
    if place and place[-1] == "[key]":
        path, schema = _follow(place[:-2], root)
        return path, f"`{_joined(key, path)}`: {place[-2]!r} does not match {context.get('pattern', 'a name')!r}."
    if kind == "union_tag_invalid":
        place, expected = (*place, "kind"), context["expected_tags"].replace("'", "")
        path, value = (*place[:-1], "kind"), context["tag"]
        return path, f"`{_joined(key, path)}` is {value!r}; allowed: one of {expected}."
    path, schema = _follow(place, root)
    name = _joined(key, path)
    about = f" ({meaning(schema)})" if meaning(schema) else ""
    if kind == "mistake":
        return (*path, context["key"]), f"`{_joined(key, (*path, context['key']))}` {context['problem']}"
    if kind == "finite_number":
        return path, f"`{name}` is {value}; allowed: a finite number."
    if kind == "missing":
        return path, f"`{name}` is missing; allowed: {allowed(schema)}.{about}"
    if kind == "string_pattern_mismatch" and len(path) == len(place):
        return path, f"`{name}`: {value!r} does not match {context['pattern']!r}.{about}"
    if kind == "repetition":
        return path, f"`{name}`: {list(value)} has non-unique elements.{about}"
    if kind == "too_short" and "properties" not in schema and schema.get("type") == "object":
        return path, f"`{name}`: {value!r} should be non-empty.{about}"
    shown = "null" if value is None else repr(value)
    return path, f"`{name}` is {shown}; allowed: {allowed(schema)}.{_hint(value, schema)}{about}"


def _joined(key: str, path: Path) -> str:
    """The full key of a path below ``key``."""
    if not key or not path:
        return key or dotted_path(path)
    return key + ("" if isinstance(path[0], int) else ".") + dotted_path(path)


def _follow(place: Sequence[str | int], root: Schema) -> tuple[Path, Schema]:
    """Keys and schema that a location of pydantic leads to, which also names the members of unions."""
    path: list[str | int] = []
    schema = root
    for part in place:
        for choice in [schema, *schema.get("anyOf", ())]:
            choice = resolved(choice, root)
            if part in choice.get("discriminator", {}).get("mapping", {}):
                schema = resolved({"$ref": choice["discriminator"]["mapping"][part]}, root)
                break
            found = choice.get("properties", {}).get(part) or entries(choice, isinstance(part, int))
            if found:
                schema = resolved(found, root)
                path.append(part)
                break
    return tuple(path), schema


def _hint(value: object, schema: Schema) -> str:
    """A sentence on the usual YAML traps behind a value of the wrong type."""
    choices = schema.get("anyOf", [schema])
    types = {choice.get("type") for choice in choices}
    if isinstance(value, str) and {"number", "integer"} & types and (number := as_yaml_number(value)):
        return (
            f" This is text, not a number; in a file, write {number} (without quotes). On the command line, `--config` "
            "makes text of numbers within sections: put them into a file for `--configfile`."
        )
    if isinstance(value, bool) and ("string" in types or any("enum" in choice for choice in choices)):
        return ' YAML reads yes, no, on and off as true or false; put the word in quotes ("no").'
    return ""


def as_yaml_number(text: str) -> str | None:
    """How a number that YAML reads as text must be written; None if it is no number.

    >>> as_yaml_number("1e-4"), as_yaml_number("2.5e3"), as_yaml_number("ten")
    ('1.0e-4', '2.5e+3', None)
    """
    match = re.fullmatch(r"([+-]?\d+)(\.\d*)?(?:[eE]([+-]?)(\d+))?", text.strip())
    if not match:
        return None
    whole, fraction, sign, exponent = match.groups()
    if exponent is None:
        return whole + (fraction or "")
    return f"{whole}{fraction if fraction and fraction != '.' else '.0'}e{sign or '+'}{exponent}"
