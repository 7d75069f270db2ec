"""What a configuration describes, counted from its runs: how many jobs a plan must have."""

from collections import Counter
from pathlib import Path

from decvae.names.models import METHODS
from decvae.study.configuration import load_config
from decvae.study.runs import (
    Run,
    component_counts,
    controlled_sets,
    corpus_id,
    decomposition_id,
    decomposition_settings,
    evaluated_states,
    resolve_runs,
    select_runs,
    without_absent_corpora,
)
from tests.decvae.configurations import ROOT


class Described:
    """The study of configuration files that are laid over the default one."""

    def __init__(self, *files: str | Path):
        paths = [ROOT / name for name in ("config/config.yaml", *files)]  # an absolute path stays as it is
        self.config = without_absent_corpora(load_config(paths))
        self.runs = list(resolve_runs(self.config).values())
        by_name = {run.name: run for run in self.runs}
        self.states = evaluated_states(by_name, self.config.evaluation)
        self.traversed = select_runs(by_name, self.config, "traversal")
        self.embedded = select_runs(by_name, self.config, "embeddings")

    def made(self) -> Counter:
        """Jobs that make runs: trained or fitted here, taken over as they are, or fine-tuned."""
        rules = {None: "pretrain_model", "objective": "pretrain_model", "none": "adopt_checkpoint"}
        return Counter(rules.get(run.adaptation, "finetune_model") for run in self.runs)

    def traversals(self) -> list[tuple[Run, str]]:
        """Every run that is traversed with each controlled set of its corpus."""
        sets = {name: controlled_sets(own) for name, own in self.config.corpora.items()}
        return [(run, name) for run in self.traversed for name in sets[run.settings["corpus"]]]

    def decompositions(self) -> int:
        """Of every split that a run reads and every set that it is traversed on; all methods on one test split."""
        splits = {
            (run.corpus_id, run.decomposition_id, split) for run in self.runs for split in ("train", "dev", "test")
        }
        splits |= {(run.corpus_id, run.decomposition_id, name) for run, name in self.traversals()}
        shown = self.config.figures.corpus or self.runs[0].settings["corpus"]
        sizes = component_counts(self.config.run_defaults.plain())
        for method in METHODS:
            settings = decomposition_settings(self.config.decomposition, method, *sizes)
            splits.add((corpus_id(self.config, shown), decomposition_id(settings), "test"))
        return len(splits)
