"""Sections: defaults, types, and mistakes told with their key, their value and what is allowed."""

from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from decvae.settings.base import ConfigError, Distinct, Items, Section, mistake, setting


class Part(Section):
    """A part."""

    size: int = setting(4, "Size in mm.", ge=1)
    share: Annotated[str, Field(pattern="^[0-9]+%$")] | Annotated[int, Field(ge=0)] = setting(1, "A share or a number.")


class Machine(Section):
    """A machine."""

    rate: float = setting(1e-3, "Learning rate.", gt=0)
    steps: int = setting(10, "Steps.", ge=1)
    most: int | None = setting(None, "At most.", ge=1)
    mode: Literal["no", "bf16"] = setting("no", "Precision.")
    parts: dict[Annotated[str, Field(pattern="^[a-z]+$")], Part] = setting({}, "Parts by name.")
    list: Items[Part] = setting((Part(),), "Partial parts.", min_length=1)
    names: Distinct[str] = setting((), "Names.")
    spare: Part | None = setting(None, "A spare part.")


def problems(config):
    with pytest.raises(ConfigError) as caught:
        Machine.parse(config)
    return caught.value.problems


def test_defaults_are_filled():
    filled = Machine.parse({"parts": {"a": {}}, "list": [{}]})
    assert filled == Machine(parts={"a": Part()}, list=(Part(),))
    assert filled.plain()["parts"] == {"a": {"size": 4, "share": 1}}


def test_numbers_take_the_declared_type():
    filled = Machine.parse({"rate": 1, "steps": 3.0, "most": 2.0, "list": [{"size": 2.0}]})
    assert [type(value) for value in (filled.rate, filled.steps, filled.most, filled.list[0].size)] == [
        float,
        *3 * [int],
    ]


def test_the_configuration_is_not_changed():
    config = {"parts": {"a": {}}, "steps": 3.0}
    Machine.parse(config)
    assert config == {"parts": {"a": {}}, "steps": 3.0}


def test_sections_are_frozen_and_a_copy_is_checked():
    with pytest.raises(ValidationError, match="frozen"):
        Machine().steps = 3
    assert Machine().replace(steps=3).steps == 3
    with pytest.raises(ConfigError, match=r"`steps` is 0; allowed: an integer >= 1\. \(Steps"):
        Machine().replace(steps=0)


def test_mistakes_of_a_section_made_in_python_are_told_as_those_of_a_file():
    made = Machine(steps=3)
    assert made.model_fields_set == {"steps"} and made == Machine.parse({"steps": 3})
    with pytest.raises(ConfigError) as caught:
        Machine(rate=0, step=1, spare={"size": 0})
    assert caught.value.problems == problems({"rate": 0, "step": 1, "spare": {"size": 0}})
    assert "https" not in str(caught.value)


def test_a_mistake_between_keys_is_named_by_its_full_key():
    class Range(Section):
        low: int = setting(0, "Low.")

        def model_post_init(self, context):
            if self.low > 5:
                raise mistake("low", f"is {self.low}; at most 5 makes sense.")

    class Owner(Section):
        ranges: dict[str, Range] = setting({}, "Ranges.")

    with pytest.raises(ConfigError) as caught:
        Owner.parse({"ranges": {"a": {"low": 9}}}, "owner")
    assert caught.value.problems == ["`owner.ranges.a.low` is 9; at most 5 makes sense."]


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
        ({"most": 0}, ["`most` is 0", "an integer >= 1 or null", "At most."]),
        ({"parts": {"A": {}}}, ["`parts`", "'A' does not match"]),
        ({"parts": {"a": 3}}, ["`parts.a` is 3", "a section of keys"]),
        ({"list": [{"share": "half"}]}, ["`list[0].share` is 'half'", "a string or an integer >= 0"]),
        ({"list": [{"size": 0}]}, ["`list[0].size` is 0"]),
        ({"names": ["a", "a"]}, ["`names`", "non-unique", "Names."]),
        ({"spare": {"size": "1"}}, ["`spare.size`", "write 1 "]),
        ({1: 2}, ["is not a known key", "Allowed here: list"]),
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
