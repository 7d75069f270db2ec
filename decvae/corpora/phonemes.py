"""Phone sets of the corpora: the 61 labels of TIMIT, their folding to 48 and 39, and the 52 of IEMOCAP's alignments.

The folding is that of Lee and Hon (1989, Speaker-independent phone recognition using hidden Markov models). The
partition into 39 classes is theirs; the class names are those that DecVAE was published with (ao, ix, ax for their aa,
ih, ah).
"""

from __future__ import annotations

SILENCE = "sil"

TIMIT_61 = str.split(
    "aa ae ah ao aw ax ax-h axr ay b bcl ch d dcl dh dx eh el em en eng epi er ey f g gcl h# hh hv ih ix iy jh k kcl l "
    "m n ng nx ow oy p pau pcl q r s sh t tcl th uh uw ux v w y z zh"
)
QUIET = ("h#", "#h", "pau")
# Phones of the 61 that are another one's class among the 48; q, the glottal stop, has none.
FOLD_61_TO_48: dict[str, str | None] = {
    "eng": "ng",
    "ux": "uw",
    "axr": "er",
    "ax-h": "ax",
    "em": "m",
    "nx": "n",
    "hv": "hh",
    **dict.fromkeys(("pcl", "tcl", "kcl", "qcl"), "cl"),
    **dict.fromkeys(("bcl", "dcl", "gcl"), "vcl"),
    **dict.fromkeys(QUIET, SILENCE),
    "q": None,
}
FOLD_48_TO_39 = {
    **dict.fromkeys(("cl", "vcl", "epi"), SILENCE),
    "el": "l",
    "en": "n",
    "zh": "sh",
    "aa": "ao",
    "ih": "ix",
    "ah": "ax",
}
TIMIT_48 = sorted({name for phone in TIMIT_61 if (name := FOLD_61_TO_48.get(phone, phone)) is not None})
TIMIT_39 = sorted({FOLD_48_TO_39.get(phone, phone) for phone in TIMIT_48})

# Sphinx phones of IEMOCAP's forced alignments, sorted as in the published vocabulary.
IEMOCAP_SILENCE = "SIL"
IEMOCAP_52 = str.split(
    "+BREATHING+ +GARBAGE+ +LAUGHTER+ +LIPSMACK+ AA AE AH AO AW AX AXR AY B CH D DD DH DX EH ER EY F G HH IH IX IY JH "
    "K KD L M N NG OW OY P R S SH SIL T TD TH TS UH UW V W Y Z ZH"
)


def fold(phone: str, classes: int) -> str | None:
    """The class of one of TIMIT's 61 phones among 48 or 39; None for the glottal stop, which has none.

    Raises
    ------
    KeyError
        If the phone is not one of TIMIT's.

    >>> [fold(phone, 39) for phone in ("bcl", "h#", "axr", "zh", "q")]
    ['sil', 'sil', 'er', 'sh', None]
    """
    if phone not in TIMIT_61 and phone not in FOLD_61_TO_48:
        raise KeyError(phone)
    found = FOLD_61_TO_48.get(phone, phone)
    return FOLD_48_TO_39.get(found, found) if classes == 39 and found is not None else found


def phone_set(classes: int) -> list[str]:
    """Class names of TIMIT's phones, sorted: 48 or 39."""
    return {48: TIMIT_48, 39: TIMIT_39}[classes]
