"""Settings of the corpora, one section for each kind; :mod:`decvae.corpora` has a reader of the same name."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from decvae.settings.base import SPLITS, Count, Distinct, Items, Section, Split, mistake, setting

_Factor = Annotated[float, Field(gt=0)]
_Classes = Annotated[Items[str], Field(min_length=1, description="Classes of this factor that may occur.")]


class ControlledSet(Section):
    """Clips of every combination of classes of some factors, drawn at random (seeded); see docs/corpora.md."""

    factors: Distinct[str] = Field(
        min_length=2,
        max_length=3,
        description="The first makes the lines of figures, the second their axis; a third is averaged over in them.",
    )
    classes: dict[str, _Classes] = setting({}, "Classes that may occur, by factor; factors that are not here have all.")
    per_cell: int = setting(3, "Most clips of a combination, each from another utterance.", ge=1)
    complete: bool = setting(
        False, "Keep only those combinations of the other factors that every class of the first one has."
    )
    min_cells: int = setting(2, "Classes of the first factor that are found in fewer combinations are left out.", ge=1)
    most: dict[str, Annotated[Count, Field(description="Most classes of this factor.")]] = setting(
        {}, "Most classes of a factor, by factor; they are drawn at random."
    )
    min_seconds: float = setting(0.125, "Shorter segments are left out, in seconds.", gt=0)
    max_seconds: float = setting(
        0.38, "Of longer ones the middle is taken, in seconds; of whole utterances, some part.", gt=0
    )
    splits: Distinct[Split] = setting(SPLITS, "Splits that clips are drawn from.", min_length=1)


# ---- Simulated vowels ----


class _Sizes(Section):
    train: int = setting(4000, "Utterances to train on.", ge=1)
    dev: int = setting(500, "Utterances to validate on.", ge=1)
    test: int = setting(300, "Utterances never seen in training.", ge=1)


class _Speakers(Section):
    train: Distinct[_Factor] = setting(
        (0.715, 0.795, 0.835, 0.875, 0.955, 1.035, 1.115, 1.155, 1.195, 1.275), "Speakers to train on.", min_length=1
    )
    dev: Distinct[_Factor] = setting((0.745, 0.905, 0.985, 1.065, 1.225), "Speakers to validate on.", min_length=1)
    test: Distinct[_Factor] = setting(
        (0.765, 0.925, 1.005, 1.085, 1.245), "Speakers never heard in training.", min_length=1
    )


class TraversalSettings(Section):
    """The controlled set: every vowel x every speaker factor (a grid, both ends included), one frame each."""

    n_vowels: Literal[5, 8] = setting(5, "Vowels of the set.")
    repetitions: int = setting(20, "Noise draws per vowel and speaker factor.", ge=2)
    speaker_min: float = setting(0.705, "Smallest vocal tract factor.", gt=0)
    speaker_max: float = setting(1.295, "Largest vocal tract factor.", gt=0)
    speaker_step: float = setting(0.01, "Step between vocal tract factors.", gt=0)


class SimVowelsSettings(Section):
    """Settings of the generator; defaults are the published corpus.

    A smaller vocal tract factor is a shorter vocal tract (higher formants). Utterances are spread evenly over the
    speakers of their split. The fundamental frequency, 120 Hz divided by the factor, has an effect on pulses only.
    """

    kind: Literal["sim_vowels"] = setting("sim_vowels", "Simulated vowel sequences.")
    n_vowels: Literal[5, 8] = setting(5, "Vowels of the language.")
    snr_db: float = setting(15.0, "Ratio of signal to added white noise, in dB.")
    utterance_seconds: float = setting(4.0, "Length of an utterance, in seconds.", gt=0)
    token_seconds: float = setting(0.1, "Length of one vowel, in seconds.", ge=0.025)
    excitation: Literal["noise", "pulses"] = setting(
        "noise", "Source of the vowels; noise is the published one, pulses is a glottal pulse train."
    )
    n_utterances: _Sizes = setting(_Sizes(), "Utterances of each split.")
    speakers: _Speakers = setting(
        _Speakers(),
        "Speakers of each split, as vocal tract factors (formants are divided by them); no speaker in two splits.",
    )
    traversal: TraversalSettings = setting(
        TraversalSettings(),
        "Controlled set for latent responses; one frame per vowel, speaker factor and repetition.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.n_tokens < 1:
            raise mistake("utterance_seconds", f"is {self.utterance_seconds:g}, which is shorter than one token.")
        known = [factor for split in SPLITS for factor in self.speakers_of(split)]
        if len(set(known)) < len(known):
            raise mistake("speakers", "has a vocal tract factor twice; splits must not share speakers.")
        return self

    @property
    def n_tokens(self) -> int:
        """Tokens per utterance."""
        return round(self.utterance_seconds / self.token_seconds)

    def utterances_of(self, split: Split) -> int:
        """Number of utterances of a split."""
        return int(getattr(self.n_utterances, split))

    def speakers_of(self, split: Split) -> tuple[float, ...]:
        """Vocal tract factors of the speakers of a split."""
        return tuple(getattr(self.speakers, split))


# ---- Recordings ----

_Skipped = Annotated[float, Field(ge=0, description="Left out at the start of longer recordings, in seconds.")]
_Least = Annotated[float, Field(ge=0, description="Recordings of which less is left are refused, in seconds.")]
_Longest = Annotated[
    float | None,
    Field(gt=0, description="Longer recordings are cut at the end, in seconds; null takes them whole."),
]
_Sets = Annotated[
    dict[Annotated[str, Field(pattern=r"^[a-z0-9_]+$")], ControlledSet],
    Field(description="Sets of clips for latent responses, by name."),
]


Channel = Literal["mean"] | Count


class RecordingSettings(Section):
    """What is taken of every recording of a corpus."""

    root: str | None = setting(
        None, "Folder of the corpus; while it is null, runs on this corpus are not part of the study."
    )
    strict: bool = setting(True, "Stop if anything is wrong with the files, instead of leaving out what is.")
    factors: Items[str] = setting((), "Factors and time-aligned labels to keep (empty for all).")
    channel: Channel = setting(
        "mean", "Of recordings with several channels: their mean, or the number of one of them, counted from 1."
    )
    skip_seconds: _Skipped = 0.0
    min_seconds: _Least = 0.0
    max_seconds: _Longest = None
    longest_seconds: float = setting(
        600.0, "Recordings longer than this before cutting are refused as a mistake, in seconds.", gt=0
    )
    controlled_sets: _Sets = Field({})


class TimitSettings(RecordingSettings):
    """TIMIT (LDC93S1). Models are trained on 48 classes of phones and scored on 39."""

    kind: Literal["timit"] = setting("timit", "TIMIT.")
    phonemes: Literal[48, 39] = setting(48, "Classes that the 61 phones are folded to; 48 are scored as 39.")
    trim_silence: bool = setting(True, "Take only what lies between the first and the last silence.")
    sa_sentences: bool = setting(False, "Keep the two sentences that every speaker reads.")
    factors: Items[str] = setting(
        ("phoneme", "speaker"), "Factors and time-aligned labels to keep; also gender, dialect."
    )
    max_seconds: _Longest = 7.15
    controlled_sets: _Sets = Field(
        {
            "phoneme_speaker": ControlledSet(
                factors=("phoneme", "speaker"),
                classes={"phoneme": ("iy", "ey", "ay", "aw", "ow", "uh", "f", "l", "s")},
                complete=True,
                most={"speaker": 10},
            )
        }
    )


class VocAlsSettings(RecordingSettings):
    """VOC-ALS. People are drawn within controls and within each King's stage; no one is in two splits."""

    kind: Literal["voc_als"] = setting("voc_als", "VOC-ALS.")
    dev_share: float = setting(0.15, "Share of the people in the split dev.", ge=0, lt=1)
    test_share: float = setting(0.15, "The same for test.", ge=0, lt=1)
    factors: Items[str] = setting(
        ("phoneme", "speaker", "king_stage", "disease_duration", "group"),
        "Factors and time-aligned labels to keep; also alsfrs_total, alsfrs_speech, cantagallo.",
    )
    skip_seconds: _Skipped = 1.0
    min_seconds: _Least = 1.0
    max_seconds: _Longest = 6.0
    controlled_sets: _Sets = Field(
        {
            "phoneme_king_stage": ControlledSet(
                factors=("phoneme", "king_stage"),
                classes={"king_stage": ("1", "2", "3", "4", "4A", "4B", "4A/B")},
                per_cell=5,
            )
        }
    )


_PHONES: dict[str, tuple[str, ...]] = {"phoneme": ("IY", "EY", "AY", "OW", "UH", "UW", "B", "D", "F", "K", "L", "S")}
_NONVERBAL: dict[str, tuple[str, ...]] = {"phoneme": ("+BREATHING+", "+LIPSMACK+", "+LAUGHTER+")}


class IemocapSettings(RecordingSettings):
    """IEMOCAP. The published splits are 90, 5 and 5 % of the utterances of every speaker and emotion."""

    kind: Literal["iemocap"] = setting("iemocap", "IEMOCAP.")
    splits: Literal["speakers", "published"] = setting(
        "speakers", "No speaker in two splits, or random utterances of every speaker as published."
    )
    dev_speakers: Items[str] = setting(("Ses04F", "Ses04M"), "Speakers to validate on (splits speakers).")
    test_speakers: Items[str] = setting(("Ses05F", "Ses05M"), "Speakers never heard in training (splits speakers).")
    factors: Items[str] = setting(
        ("phoneme", "speaker", "emotion", "session"), "Factors and time-aligned labels to keep; also gender, style."
    )
    max_seconds: _Longest = 7.0
    controlled_sets: _Sets = Field(
        {
            "emotion_phoneme_speaker": ControlledSet(
                factors=("emotion", "phoneme", "speaker"), classes=_PHONES, min_cells=5
            ),
            "phoneme_emotion": ControlledSet(factors=("phoneme", "emotion"), classes=_PHONES, per_cell=10, min_cells=3),
            "speaker_emotion": ControlledSet(factors=("speaker", "emotion"), classes=_PHONES, per_cell=10),
            "nonverbal_emotion": ControlledSet(factors=("phoneme", "emotion"), classes=_NONVERBAL, per_cell=10),
        }
    )


class FolderSettings(RecordingSettings):
    """Your own recordings, listed in a manifest (docs/corpora.md)."""

    kind: Literal["folder"] = setting("folder", "Recordings listed in a manifest.")
    manifest: str = setting(
        "manifest.csv", "List of the recordings below root, as .csv, .tsv or .parquet (docs/corpora.md)."
    )
    content: str | None = setting(
        None,
        "Factor or label that figures show first; null takes the first label, else the first factor of the manifest.",
    )
    values: Items[str] = setting((), "Columns of the manifest that are numbers, not classes.")
    gap_label: str | None = setting(None, "Class of the time between labels; null leaves it without label.")
    split_by: str = setting("speaker", "Without a column split: column whose classes are never divided, or recording.")
    sampling_rate: int | None = setting(
        16000, "Rate that audio is resampled to, in Hz; null keeps the files' own.", ge=1
    )
    frame_seconds: float = setting(0.025, "Length of a frame, in seconds.", gt=0)
    hop_seconds: float = setting(0.02, "Distance of the starts of two frames, in seconds.", gt=0)
    dev_share: float = setting(0.15, "Share of the classes of split_by in the split dev.", ge=0, lt=1)
    test_share: float = setting(0.15, "The same for test.", ge=0, lt=1)


def _with_kind(value: object) -> object:
    return {"kind": "sim_vowels", **value} if isinstance(value, dict) else value


CorpusSettings = SimVowelsSettings | TimitSettings | VocAlsSettings | IemocapSettings | FolderSettings
# A section of `corpora`: its `kind`, simulated vowels by default, says which it is.
OneOfCorpora = Annotated[
    CorpusSettings, Field(discriminator="kind", description="One corpus."), BeforeValidator(_with_kind)
]


def parse_corpus(section: dict[str, Any]) -> CorpusSettings:
    """The settings of a corpus from its section of the configuration, plain values as read from YAML.

    Raises
    ------
    ConfigError
        With all problems at once.
    """
    return _Corpora.parse({"corpora": {"NAME": section}}).corpora["NAME"]


class _Corpora(Section):
    corpora: dict[str, OneOfCorpora]
