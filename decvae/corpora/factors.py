"""Which factors and labels a corpus has, before any of it is read: from its kind, or from the head of its manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from decvae.corpora.recordings import IngestError
from decvae.corpora.tables import read_rows
from decvae.settings.base import suggest
from decvae.settings.corpora import CorpusSettings, FolderSettings
from decvae.settings.evaluation import group_of_choice

LABEL_PREFIX = "labels:"
RESERVED = ("path", "id", "start", "end", "split")
FACTORS = {
    "sim_vowels": ("vowel", "speaker"),
    "timit": ("phoneme", "speaker", "gender", "dialect"),
    "voc_als": (
        *("phoneme", "speaker", "king_stage", "disease_duration", "group"),
        *("alsfrs_total", "alsfrs_speech", "cantagallo"),
    ),
    "iemocap": ("phoneme", "speaker", "emotion", "session", "gender", "style"),
}


def factors_of(settings: CorpusSettings) -> list[str]:
    """Factors and time-aligned labels that a corpus has, kept or not: labels first, as in the latents.

    Raises
    ------
    IngestError
        If the manifest of a folder cannot be read or has no column ``path``.
    """
    if not isinstance(settings, FolderSettings):
        return list(FACTORS[settings.kind])
    names = manifest_columns(Path(settings.root or "", settings.manifest))
    labels = [name.removeprefix(LABEL_PREFIX) for name in names if name.startswith(LABEL_PREFIX)]
    return labels + [name for name in factor_columns(names) if name not in settings.values]


def kept_factors(settings: CorpusSettings) -> list[str]:
    """Those of :func:`factors_of` that the corpus keeps (``factors``)."""
    wanted = getattr(settings, "factors", ())
    return [name for name in factors_of(settings) if not wanted or name in wanted]


def unknown_names(name: str, settings: CorpusSettings) -> Iterator[str]:
    """Sentences on names in the section of a corpus that none of its factors or labels has; the nearest is offered.

    Raises
    ------
    IngestError
        As :func:`factors_of`.
    """
    known = factors_of(settings)
    keys = {"factors": tuple(getattr(settings, "factors", ()))}
    if isinstance(settings, FolderSettings):
        keys["content"] = (settings.content,) if settings.content is not None else ()
        numbers = [column for column in settings.values if column in keys["factors"]]
        keys["factors"] = tuple(factor for factor in keys["factors"] if factor not in numbers)
    for key, own in getattr(settings, "controlled_sets", {}).items():
        keys[f"controlled_sets.{key}.factors"] = own.factors
        keys[f"controlled_sets.{key}.classes"] = tuple(own.classes)
    for key, words in keys.items():
        for word in words:
            if word not in known:
                yield f"`corpora.{name}.{key}` has {word!r}, which is no factor or label of it.{suggest(word, known)}"


def unknown_groups(corpora: Mapping[str, CorpusSettings], groups: Mapping[str, str]) -> Iterator[str]:
    """Sentences on names in ``evaluation.groups`` that no corpus has; none if a manifest cannot be read (yet)."""
    known: dict[str, None] = {}
    for settings in corpora.values():
        if isinstance(settings, FolderSettings) and settings.root is None:
            return
        try:
            known |= dict.fromkeys(factors_of(settings))
        except IngestError:
            return
    for factor, choice in groups.items():
        by = group_of_choice(choice)
        if factor not in known:
            yield f"`evaluation.groups` has {factor!r}, which is no factor of a corpus.{suggest(factor, known)}"
        if by != "utterance" and by not in known:
            allowed = ("utterance", *known)
            yield f"`evaluation.groups.{factor}` is {choice!r}: {by!r} is no factor of a corpus.{suggest(by, allowed)}"


def factor_columns(names: list[str]) -> list[str]:
    """Columns of a manifest that are factors or numbers."""
    return [name for name in names if name not in RESERVED and not name.startswith(LABEL_PREFIX)]


def manifest_columns(path: Path) -> list[str]:
    """Names of the columns of a manifest.

    Raises
    ------
    IngestError
        If the file is missing, of an unknown suffix or unreadable, and as :func:`checked_columns`.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".tsv", ".parquet"):
        raise IngestError(f"manifest {path}: its suffix must be .csv, .tsv or .parquet")
    try:
        if suffix == ".parquet":
            from pyarrow.parquet import read_schema

            names = [str(name) for name in read_schema(path).names]
        else:
            names, _ = read_rows(path)
    except (OSError, ValueError) as error:
        raise IngestError(f"manifest {path} cannot be read: {error}") from error
    return checked_columns(path, names)


def checked_columns(path: Path, heads: Sequence[str]) -> list[str]:
    """Names of the columns of a manifest, without those that have none.

    Raises
    ------
    IngestError
        If there is no column ``path``, a name has a ``+`` or invisible characters, or two columns have one meaning: the
        same name, in capitals or not, with ``labels:`` or not.
    """
    names = [name.strip() for name in heads if name.strip()]
    if "path" not in names:
        raise IngestError(f"manifest {path} needs a column `path` and at least one row; it has {names}")
    meant: dict[str, str] = {}
    for name in names:
        meaning = name.removeprefix(LABEL_PREFIX).casefold()
        if meaning in meant:
            raise IngestError(
                f"manifest {path} has the columns {meant[meaning]!r} and {name!r}, which would both be {meaning!r}; "
                "rename one or leave it out"
            )
        if "+" in name or not name.isprintable():
            raise IngestError(
                f"manifest {path} has the column {name!r}: names of factors have no `+`, which joins them in "
                "tables, and no invisible characters; rename it"
            )
        meant[meaning] = name
    return names
