"""Decompose every frame and sequence of one split.

Input   corpus: HDF5 corpus
Output  decomposition: HDF5 cache; quality: CSV of its quality, summarised; sample: CSV of single frames and sequences
Params  settings: shared settings and those of the method; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.decomposition.cache import write_cache
    from decvae.decomposition.tables import write_quality_tables
    from decvae.settings.decomposition import DecompositionSettings

    write_cache(
        snakemake.input.corpus,
        snakemake.wildcards.split,
        snakemake.output.decomposition,
        DecompositionSettings.parse(snakemake.params.settings),
        seed=snakemake.params.seed,
        workers=snakemake.threads,
    )
    write_quality_tables(
        snakemake.input.corpus,
        snakemake.output.decomposition,
        snakemake.output.quality,
        snakemake.output.sample,
    )
