"""Put the scores of all runs and checkpoints into one table, and what happens to each class into another.

Input   scores, classes, evidence: Parquet of each run and checkpoint
Output  parquet, csv: the scores, with the columns that identify the run in front; classes, classes_csv: the same by
        class; evidence: CSV, what each subspace tells; ranking: CSV, order of the models under label noise and class
        imbalance; seeds, importance: CSV, scores and DCI importance over the seeds of a setting; orthogonality: CSV,
        that of the subspaces against beta
Params  runs: those columns, in the order of the inputs; settings, families: for each run a name that seeds of a setting
        share, and one that its betas share, too
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.evaluation.seeds import over_seeds, with_run_columns
    from decvae.evaluation.subspaces import importance_stability, orthogonality_over_beta, ranking_stability

    runs = snakemake.params.runs
    scores = with_run_columns([pd.read_parquet(path) for path in snakemake.input.scores], runs)
    classes = with_run_columns([pd.read_parquet(path) for path in snakemake.input.classes], runs)
    evidence = with_run_columns([pd.read_parquet(path) for path in snakemake.input.evidence], runs)
    scores.to_parquet(snakemake.output.parquet)
    scores.to_csv(snakemake.output.csv, index=False)
    classes.to_parquet(snakemake.output.classes)
    classes.to_csv(snakemake.output.classes_csv, index=False)
    evidence.to_csv(snakemake.output.evidence, index=False)
    ranking_stability(evidence).to_csv(snakemake.output.ranking, index=False)
    over_seeds(scores, snakemake.params.settings).to_csv(snakemake.output.seeds, index=False)
    importance_stability(evidence, snakemake.params.settings).to_csv(snakemake.output.importance, index=False)
    orthogonality_over_beta(evidence, snakemake.params.families).to_csv(snakemake.output.orthogonality, index=False)
