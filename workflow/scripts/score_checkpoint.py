"""Score the latents of one run at one checkpoint, all branches and the evaluated splits together.

Input   latents: HDF5 latents, one file per split
Output  scores: Parquet, one row per score
Params  settings: how to score; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.artifacts import open_h5
    from decvae.evaluation.latents import FORMAT, read_latents
    from decvae.evaluation.scores import EvaluationSettings, score_table

    settings = EvaluationSettings(**snakemake.params.settings)
    tables = read_latents(snakemake.input.latents).values()
    scores = pd.concat(
        [score_table(table, settings, seed=snakemake.params.seed) for table in tables], ignore_index=True
    )
    with open_h5(snakemake.input.latents[0], FORMAT) as file:
        scores.insert(0, "epoch", int(file.attrs["epoch"]))
    scores.insert(0, "checkpoint", snakemake.wildcards.checkpoint)
    scores.to_parquet(snakemake.output.scores)
