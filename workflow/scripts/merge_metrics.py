"""Put the scores of all runs and checkpoints into one table, and what happens to each class into another.

Input   scores, classes, evidence: Parquet of each run and checkpoint
Output  parquet, csv: the scores, with the columns that identify the run in front; classes, classes_csv: the same by
        class; evidence: CSV, what each subspace tells; ranking: CSV, order of the models under label noise and class
        imbalance; seeds, importance: CSV, scores and DCI importance over the seeds of a setting; orthogonality: CSV,
        that of the subspaces against beta
Params  runs: those columns, in the order of the inputs; families: for each run a name that those share which differ by
        seed and betas only
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.artifacts import write_table
    from decvae.evaluation.stability import importance_stability, orthogonality_over_beta, ranking_stability
    from decvae.reporting.seeds import over_seeds, with_run_columns

    runs = snakemake.params.runs
    scores = with_run_columns([pd.read_parquet(path) for path in snakemake.input.scores], runs)
    classes = with_run_columns([pd.read_parquet(path) for path in snakemake.input.classes], runs)
    evidence = with_run_columns([pd.read_parquet(path) for path in snakemake.input.evidence], runs)
    write_table(scores, snakemake.output.parquet)
    write_table(scores, snakemake.output.csv)
    write_table(classes, snakemake.output.classes)
    write_table(classes, snakemake.output.classes_csv)
    write_table(evidence, snakemake.output.evidence)
    write_table(ranking_stability(evidence), snakemake.output.ranking)
    write_table(over_seeds(scores), snakemake.output.seeds)
    write_table(importance_stability(evidence), snakemake.output.importance)
    write_table(orthogonality_over_beta(evidence, snakemake.params.families), snakemake.output.orthogonality)
