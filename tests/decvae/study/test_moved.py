"""Keys of before are refused by the name that they have now."""

import re

import pytest

from decvae.settings.base import ConfigError
from decvae.study.configuration import validate_config
from decvae.study.moved import MOVED
from tests.decvae.configurations import nested, valid


@pytest.mark.parametrize(("old", "new"), MOVED.items(), ids=MOVED)
def test_an_old_key_is_named_by_its_new_one(old, new):
    section, _, name = new.partition(".")
    assert name in valid().run_defaults.plain()[section]
    for config, key in (
        ({"run_defaults": nested(old, 1)}, "run_defaults"),
        ({"runs": [{}, nested(old, 1)]}, "runs[1]"),
    ):
        with pytest.raises(ConfigError) as caught:
            validate_config(config)
        assert caught.value.problems == [
            f"`{key}.{old}` is `{new}` now: keys of one branch stand in a section of that branch."
        ]
    with pytest.raises(
        ConfigError, match=rf"`runs\[0\]\.{re.escape(old)}` is `{re.escape(new)}` now.*at {re.escape(old)}=2"
    ):
        valid(runs=[{"sweep": {old: [1, 2]}}])
