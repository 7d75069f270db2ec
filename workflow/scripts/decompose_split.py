"""Decompose every frame and sequence of one split.

Input   corpus: HDF5 corpus
Output  decomposition: HDF5 cache; quality: CSV of its quality, summarised; sample: CSV of single frames and sequences
Params  settings: shared settings and those of the method; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.artifacts import write_table
    from decvae.decomposition.cache import write_cache
    from decvae.decomposition.tables import quality_tables
    from decvae.settings.decomposition import DecompositionSettings

    write_cache(
        snakemake.input.corpus,
        snakemake.wildcards.split,
        snakemake.output.decomposition,
        DecompositionSettings.parse(snakemake.params.settings),
        seed=snakemake.params.seed,
        workers=snakemake.threads,
    )
    quality, sample = quality_tables(snakemake.input.corpus, snakemake.output.decomposition)
    write_table(quality, snakemake.output.quality, float_format="%.6g")
    write_table(sample, snakemake.output.sample, float_format="%.6g")
