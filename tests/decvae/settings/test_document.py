"""The JSON schema and the table of keys, of a small section and of the configuration."""

import json

import pytest

from decvae.settings.__main__ import main
from decvae.settings.base import Section, resolved, setting
from decvae.settings.configuration import Configuration
from decvae.settings.document import TABLE_END, TABLE_START, document, json_schema, with_table
from tests.decvae.configurations import ROOT


class Part(Section):
    """A part."""

    size: int = setting(4, "Size in mm.", ge=1)


class Machine(Section):
    """A machine."""

    rate: float = setting(1e-3, "Learning rate.", gt=0)
    parts: dict[str, Part] = setting({"one": Part(size=5)}, "Parts by name.")
    spare: Part | None = setting(None, "A spare part.")


def test_the_table_has_a_row_for_every_key():
    table = document(Machine)
    for row in (
        "| `rate` | a number > 0 | `0.001` | Learning rate. |",
        "| `parts` | a section of keys | `{one: {size: 5}}` | Parts by name. |",
        "| `parts.NAME.size` | an integer >= 1 | `4` | Size in mm. |",
        "| `spare.size` | an integer >= 1 | `4` | Size in mm. |",
    ):
        assert row in table


def test_the_table_replaces_what_is_between_the_markers():
    text = f"before\n{TABLE_START}\nold\n{TABLE_END}\nafter\n"
    once = with_table(text, Machine)
    assert once.startswith("before\n") and once.endswith("\nafter\n") and "old" not in once
    assert with_table(once, Machine) == once
    with pytest.raises(ValueError, match="markers"):
        with_table("no markers", Machine)


def test_every_key_of_the_configuration_is_described():
    schema = json_schema(Configuration)
    for owner in (schema, *schema["$defs"].values()):
        for key, own in owner.get("properties", {}).items():
            assert resolved(own, schema).get("description"), (owner.get("title"), key)


def test_what_the_project_shows_is_up_to_date(tmp_path):
    again = "run: python -m decvae.settings --schema workflow/schemas/config.schema.json --document config/README.md"
    readme = tmp_path / "README.md"
    readme.write_text((ROOT / "config/README.md").read_text())
    main(["--schema", str(tmp_path / "schema.json"), "--document", str(readme)])
    assert readme.read_text() == (ROOT / "config/README.md").read_text(), again
    written = (ROOT / "workflow/schemas/config.schema.json").read_text()
    assert (tmp_path / "schema.json").read_text() == written, again


def test_the_schema_accepts_the_configurations_of_the_project():
    import yaml
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(json.loads((ROOT / "workflow/schemas/config.schema.json").read_text()))
    for path in (ROOT / "config").glob("*.yaml"):
        errors = list(validator.iter_errors(yaml.safe_load(path.read_text())))
        assert not errors, (path.name, errors[0].json_path, errors[0].message[:200])
    assert list(validator.iter_errors({"runs": [{"n_components": 1}]}))
