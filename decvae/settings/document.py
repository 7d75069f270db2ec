"""The JSON schema of the configuration, and the table of its keys in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from decvae.settings.base import Schema, Section, allowed, entries, meaning, resolved

TABLE_START, TABLE_END = "<!-- keys: start -->", "<!-- keys: end -->"


class _Generator(GenerateJsonSchema):
    """No titles, which would repeat the keys; of a section as a default only what differs from its own defaults."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, Section):
            return dft.model_dump(mode="json", exclude_unset=True)
        if isinstance(dft, dict):
            return {key: self.encode_default(value) for key, value in dft.items()}
        if isinstance(dft, tuple):
            return [self.encode_default(value) for value in dft]
        return super().encode_default(dft)


def json_schema(model: type[BaseModel]) -> Schema:
    """The JSON schema of a section and all within, for editors and other programs."""
    schema = model.model_json_schema(schema_generator=_Generator)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


def document(model: type[BaseModel]) -> str:
    """The table of every key in Markdown: key, allowed values, default, meaning."""
    schema = json_schema(model)
    sections = []
    for name, section in schema["properties"].items():
        rows = "\n".join(_rows(name, section, schema))
        sections.append(f"### `{name}`\n\n| key | allowed | default | meaning |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(sections)


def _rows(key: str, schema: Schema, root: Schema) -> Iterator[str]:
    schema = resolved(schema, root)
    for name, kind in schema.get("discriminator", {}).get("mapping", {}).items():
        yield from _rows(f"{key}[{name}]", {"$ref": kind}, root)
    if "discriminator" in schema:
        return
    default = ""
    if "default" in schema and schema["default"] != {}:
        text = yaml.safe_dump(schema["default"], default_flow_style=True, width=10_000, sort_keys=False)
        default = f"`{text.removesuffix('...' + chr(10)).strip()}`"
    cells = (f"`{key}`", allowed(schema), default, meaning(schema))
    yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    for choice in () if schema.get("partial") else (schema, *schema.get("anyOf", ())):
        choice = resolved(choice, root)
        for name, sub in choice.get("properties", {}).items():
            yield from _rows(f"{key}.{name}", sub, root)
        if named := entries(choice):
            yield from _rows(f"{key}.NAME", named, root)


def with_table(text: str, model: type[BaseModel]) -> str:
    """``text`` with the part between the two markers replaced by the table of keys."""
    if TABLE_START not in text or TABLE_END not in text:
        raise ValueError(f"the text needs the markers {TABLE_START} and {TABLE_END} around the place of the table")
    before, rest = text.split(TABLE_START, 1)
    return f"{before}{TABLE_START}\n\n{document(model)}\n{TABLE_END}{rest.split(TABLE_END, 1)[1]}"
