"""Score the classification head of a fine-tuned run at a checkpoint on every evaluated split.

Input   checkpoints: JSON naming the run's checkpoints; features: HDF5 features of each split; corpus: HDF5 corpus
Output  scores: Parquet
Params  splits: in the order of the features; supervised: settings of the head; bootstrap: resamples; seed
"""

from pathlib import Path

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.artifacts import write_table
    from decvae.evaluation.supervised import classifier_scores
    from decvae.training.finetune import predict_split

    run_dir, params = Path(snakemake.input.checkpoints).parent, snakemake.params
    columns = {key: params.supervised[key] for key in ("branch", "factor", "head")}
    tables = []
    for split, features in zip(params.splits, snakemake.input.features, strict=True):
        found = predict_split(run_dir, snakemake.wildcards.checkpoint, features, snakemake.input.corpus, split)
        tables.append(
            classifier_scores(
                found.truth,
                found.predicted,
                found.utterance,
                found.names,
                {"split": split, **columns},
                bootstrap=params.bootstrap,
                seed=params.seed,
            )
        )
    write_table(pd.concat(tables, ignore_index=True), snakemake.output.scores)
