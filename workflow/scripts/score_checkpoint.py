"""Score the latents of one run at one checkpoint, all branches and the evaluated splits together.

Input   latents: HDF5 latents, one file per split
Output  scores: Parquet, one row per score; classes: Parquet, one row per class and score or cell of a confusion matrix;
        evidence: Parquet, what each subspace tells
Params  settings: how to score; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.artifacts import open_h5, write_table
    from decvae.evaluation.latents import FORMAT, read_latents
    from decvae.evaluation.scores import evaluate
    from decvae.settings.evaluation import EvaluationSettings

    settings = EvaluationSettings.parse(snakemake.params.settings)
    tables = read_latents(snakemake.input.latents)
    found = evaluate(tables, settings, seed=snakemake.params.seed, n_jobs=snakemake.threads)
    with open_h5(snakemake.input.latents[0], FORMAT) as file:
        epoch = int(file.attrs["epoch"])
    for name in ("scores", "classes", "evidence"):
        table = getattr(found, name)
        table.insert(0, "epoch", epoch)
        table.insert(0, "checkpoint", snakemake.wildcards.checkpoint)
        write_table(table, snakemake.output[name])
