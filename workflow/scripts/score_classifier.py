"""Score the classification head of a fine-tuned run at a checkpoint on every evaluated split.

Input   checkpoints: JSON naming the run's checkpoints; features: HDF5 features of each split; corpus: HDF5 corpus
Output  scores: Parquet
Params  splits: in the order of the features; supervised: settings of the head; bootstrap: resamples; seed
"""

from pathlib import Path

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.artifacts import write_table
    from decvae.training.finetune import head_scores

    params = snakemake.params
    table = head_scores(
        Path(snakemake.input.checkpoints).parent,
        snakemake.wildcards.checkpoint,
        dict(zip(params.splits, snakemake.input.features, strict=True)),
        snakemake.input.corpus,
        params.supervised,
        bootstrap=params.bootstrap,
        seed=params.seed,
    )
    write_table(table, snakemake.output.scores)
