"""TIMIT's phone sets against the published vocabularies."""

import pytest

from decvae.corpora.phonemes import IEMOCAP_52, TIMIT_39, TIMIT_48, TIMIT_61, fold
from decvae.evaluation.protocols import classes_scored_as

PUBLISHED_39 = (
    "ae ao aw ax ay b ch d dh dx eh er ey f g hh ix iy jh k l m n ng ow oy p r s sh sil t th uh uw v w y z"
).split
PUBLISHED_48 = (
    "aa ae ah ao aw ax ay b ch cl d dh dx eh el en epi er ey f g hh ih ix iy jh k l m n ng ow oy p r s sh sil t th uh "
    "uw v vcl w y z zh"
).split
# Lee and Hon (1989): classes of the 61 that become one of 39, named by their first member.
LEE_HON = ["aa ao", "ah ax ax-h", "er axr", "hh hv", "ih ix", "l el", "m em", "n en nx", "ng eng", "sh zh", "uw ux"]
LEE_HON += ["pcl tcl kcl bcl dcl gcl h# pau epi"]


def test_the_sets_are_the_published_ones():
    assert PUBLISHED_39() == TIMIT_39 and PUBLISHED_48() == TIMIT_48
    assert len(TIMIT_61) == len(set(TIMIT_61)) == 61 and len(IEMOCAP_52) == 52
    assert sorted(IEMOCAP_52) == IEMOCAP_52 and IEMOCAP_52.index("SIL") == 40


def test_the_partition_into_39_is_that_of_lee_and_hon():
    merged = {phone: group for group in LEE_HON for phone in group.split()}
    for one in set(TIMIT_61) - {"q"}:
        for other in set(TIMIT_61) - {"q"}:
            together = one == other or (one in merged and merged[one] == merged.get(other))
            assert (fold(one, 39) == fold(other, 39)) == together, (one, other)
    assert fold("q", 48) is None and fold("q", 39) is None
    with pytest.raises(KeyError):
        fold("zz", 48)


def test_what_is_trained_on_48_is_scored_on_39():
    targets = classes_scored_as("phoneme", TIMIT_48)
    assert {TIMIT_48[target] for target in targets} == set(TIMIT_39)
    for phone in set(TIMIT_61) - {"q"}:
        assert TIMIT_48[targets[TIMIT_48.index(fold(phone, 48))]] == fold(phone, 39)
