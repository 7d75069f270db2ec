"""What leaks between recordings of one person, from the codes to the score."""

from dataclasses import replace

import numpy as np

from decvae.evaluation.latents import LatentTable
from decvae.evaluation.scores import score_table
from decvae.settings.evaluation import EvaluationSettings

SETTINGS = EvaluationSettings(
    aggregations=("X",), feature_aggregations=(), kmeans_seeds=0, bootstrap=0, subspace_evidence=False
)


def make_table(name):
    """Twelve people with ten recordings each; codes tell the person and nothing about the diagnosis."""
    utterance = np.repeat(np.arange(120), 2)
    person = utterance % 12
    rng = np.random.default_rng(0)
    mu = (3 * rng.normal(size=(12, 8)))[person] + rng.normal(size=(240, 8))
    factors = {"diagnosis": (person >= 6).astype(int), name: person}
    return LatentTable(
        branch="Z",
        subspaces=["X"],
        mu=mu[:, None].astype(np.float32),
        utterance=utterance,
        frame=np.tile([0, 1], 120),
        overlap=np.zeros(240, dtype=bool),
        factors=factors,
        class_names={"diagnosis": ["ill", "well"], name: [f"p{k}" for k in range(12)]},
    )


def accuracy(table):
    found = score_table(table, SETTINGS, n_jobs=1).scores
    return found[(found.metric == "accuracy") & (found.factors == "diagnosis")].value.item()


def test_a_diagnosis_is_not_recognised_by_the_patient():
    by_speaker = accuracy(make_table("speaker"))
    assert by_speaker < 0.7
    assert accuracy(replace(make_table("patient"), split_by="patient")) == by_speaker
    assert accuracy(make_table("patient")) == by_speaker
