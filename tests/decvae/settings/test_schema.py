"""Errors, defaults and documentation that come from a JSON schema."""

import pytest
import yaml

from decvae.settings.base import ConfigError
from decvae.settings.schema import TABLE_END, TABLE_START, complete, document, load_schema, with_table

SCHEMA = yaml.safe_load("""
type: object
additionalProperties: false
properties:
  rate: {type: number, exclusiveMinimum: 0, default: 1.0e-3, description: Learning rate.}
  steps: {type: integer, minimum: 1, default: 10, description: Steps.}
  mode: {type: string, enum: ["no", bf16], default: "no", description: Precision.}
  parts:
    type: object
    default: {}
    additionalProperties: {$ref: "#/$defs/part"}
    description: Parts by name.
  list: {type: array, minItems: 1, items: {$ref: "#/$defs/part"}, default: [{}], description: Partial parts.}
$defs:
  part:
    type: object
    additionalProperties: false
    description: A part.
    properties:
      size: {type: integer, minimum: 1, default: 4, description: Size in mm.}
""")


def problems(config):
    with pytest.raises(ConfigError) as caught:
        complete(config, SCHEMA)
    return caught.value.problems


def test_defaults_are_filled_in_sections_but_not_in_items_of_lists():
    filled = complete({"parts": {"a": {}}, "list": [{}]}, SCHEMA)
    assert filled == {"rate": 1e-3, "steps": 10, "mode": "no", "parts": {"a": {"size": 4}}, "list": [{}]}


def test_numbers_take_the_declared_type():
    filled = complete({"rate": 1, "steps": 3.0, "list": [{"size": 2.0}]}, SCHEMA)
    assert [type(value) for value in (filled["rate"], filled["steps"], filled["list"][0]["size"])] == [float, int, int]


def test_the_configuration_is_not_changed():
    config = {"parts": {"a": {}}}
    complete(config, SCHEMA)
    assert config == {"parts": {"a": {}}}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"rat": 1.0}, ["`rat`", "Did you mean `rate`?", "steps"]),
        ({"list": [{}, {"sise": 1}]}, ["`list[1].sise`", "Did you mean `size`?"]),
        ({"rate": "1e-4"}, ["`rate`", "'1e-4'", "a number > 0", "write 1.0e-4", "Learning rate."]),
        ({"rate": "3"}, ["write 3 "]),
        ({"rate": 0}, ["`rate` is 0", "> 0"]),
        ({"rate": float("nan")}, ["`rate`", "finite"]),
        ({"rate": None}, ["`rate` is null", "a number"]),
        ({"steps": 2.5}, ["`steps` is 2.5", "an integer >= 1"]),
        ({"steps": True}, ["`steps` is True", "an integer"]),
        ({"mode": False}, ["`mode`", "one of no, bf16", 'quotes ("no")']),
        ({"parts": {"a": {"size": 0}}}, ["`parts.a.size` is 0", "Size in mm."]),
        ({"list": []}, ["`list` is []", "a list of at least 1", "Partial parts."]),
        ([], ["the configuration", "a section of keys"]),
    ],
)
def test_a_mistake_is_named_with_its_key_its_value_and_what_is_allowed(config, expected):
    (problem,) = problems(config)
    for part in expected:
        assert part in problem


def test_all_problems_are_reported_at_once():
    found = problems({"rate": -1, "steps": "many", "list": [{"size": 0}], "typo": 1})
    assert len(found) == 4
    assert "4 problems" in str(ConfigError(found))


def test_the_table_has_a_row_for_every_key():
    table = document(SCHEMA)
    for row in ("`rate` | a number > 0 | `0.001` | Learning rate.", "`parts.NAME.size` | an integer >= 1 | `4`"):
        assert row in table


def test_the_table_replaces_what_is_between_the_markers():
    text = f"before\n{TABLE_START}\nold\n{TABLE_END}\nafter\n"
    once = with_table(text, SCHEMA)
    assert once.startswith("before\n") and once.endswith("\nafter\n") and "old" not in once
    assert with_table(once, SCHEMA) == once
    with pytest.raises(ValueError, match="markers"):
        with_table("no markers", SCHEMA)


def test_a_schema_that_is_none_is_refused(tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_text("type: nonsense\n")
    with pytest.raises(Exception, match="nonsense"):
        load_schema(path)
