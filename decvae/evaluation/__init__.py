"""Evaluation of latents: tables, aggregations, disentanglement metrics, classification, clustering and their one table.

Every metric is a pure function of codes ``z`` ``(n_samples, n_codes)`` and factors ``y`` ``(n_samples, n_factors)``
that returns its score, or a small frozen dataclass if it has several; undefined values are None.
:func:`decvae.evaluation.scores.score_table` runs them all.
"""
