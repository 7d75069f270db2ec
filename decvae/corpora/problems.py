"""What is wrong with a corpus on disk, collected while it is read and reported at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

EXAMPLES = 3  # shown of each kind

# Every kind of problem and how to mend it.
REMEDIES = {
    "half a tree": "complete the copy of the corpus, or correct `root`",
    "missing file": "restore the file, or take it out of the list of recordings",
    "bad row": "correct the row",
    "path outside the root": "give paths below `root`; nothing outside of it is read",
    "bad number": "write times and values as plain numbers",
    "unreadable audio": "replace the file by a whole one (WAV, NIST SPHERE, FLAC, OGG, MP3)",
    "compressed SPHERE": "unpack it, for instance by `sph2pipe -f wav`; shorten-compressed files cannot be read",
    "audio cut short": "copy the file anew: it holds less sound than its header says",
    "wrong rate": "resample the files, or set `sampling_rate`",
    "unusable audio": "leave out the recording: it is silent throughout, or holds NaN or infinite samples",
    "too long": "give start and end of what is wanted, or raise `longest_seconds`",
    "too short": "leave out the recording, or lower `min_seconds` or `skip_seconds`",
    "no labels": "restore the label file: it is empty",
    "bad labels": "correct the line: start, end and label, separated by blanks or as the header says",
    "times out of order": "correct the labels: none may start before the last one ends, or end before it starts",
    "labels outside the audio": "the label file belongs to another recording, or the audio is cut short",
    "unknown label": "correct the label; docs/corpora.md lists those of each corpus",
    "missing label": "add the entry for this recording, or leave it out",
    "repeated id": "give every recording an id of its own",
    "empty split": "assign recordings to it: training needs train and dev, evaluation dev and test",
}


class IngestError(ValueError):
    """A corpus cannot be ingested as it is; the message is the whole report."""


@dataclass
class Problems:
    """Problems by kind, with their number and the first examples.

    Attributes
    ----------
    counts : {kind: number}
    examples : {kind: first places and details}
    """

    counts: Counter = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, where: object, detail: str = "") -> None:
        """Record one problem; ``kind`` is one of :data:`REMEDIES`, ``where`` a file, row or recording."""
        if kind not in REMEDIES:
            raise KeyError(f"{kind!r} is no kind of problem")
        self.counts[kind] += 1
        shown = self.examples.setdefault(kind, [])
        if len(shown) < EXAMPLES:
            shown.append(f"{where}: {detail}" if detail else str(where))

    def __bool__(self) -> bool:
        return bool(self.counts)

    def report(self) -> str:
        """All problems, one paragraph per kind: number, remedy, first examples."""
        total = sum(self.counts.values())
        lines = [f"{total} problem{'s' if total != 1 else ''}:"]
        for kind, count in self.counts.items():
            lines.append(f"  {kind} ({count}): {REMEDIES[kind]}")
            lines += [f"      {example}" for example in self.examples[kind]]
            if count > len(self.examples[kind]):
                lines.append(f"      ... and {count - len(self.examples[kind])} more")
        return "\n".join(lines)
