"""Decompose every frame and sequence of one split, on the CPU or on a GPU that no other job holds.

Input   corpus: HDF5 corpus
Output  decomposition: HDF5 cache; quality: CSV of its quality, summarised; sample: CSV of single frames and sequences
Params  settings: shared settings and those of the method; seed; state: folder of the blocks done so far
"""

from _job import fingerprint, job_log

with job_log(snakemake.log[0]):
    from decvae.training.gpu import claim_device

    # Not a param: caches of either device are equal but for rounding, and stay valid.
    wanted = "cpu" if snakemake.params.settings["method"] == "emd" else snakemake.config["decomposition"]["device"]
    with claim_device(snakemake.resources.get("gpu", 0), device=wanted) as device:
        # May import torch, for which the device must be settled by now.
        from decvae.decomposition.cache import write_cache
        from decvae.settings.decomposition import DecompositionSettings

        write_cache(
            snakemake.input.corpus,
            snakemake.wildcards.split,
            snakemake.output.decomposition,
            DecompositionSettings.parse(snakemake.params.settings),
            seed=snakemake.params.seed,
            state_dir=snakemake.params.state,
            workers=snakemake.threads,
            fingerprint=fingerprint(snakemake.params.settings, snakemake.input.code),
            engine="torch" if device == "cuda" else "batched",
            device=device,
        )
    from decvae.artifacts import write_table
    from decvae.decomposition.tables import quality_tables

    quality, sample = quality_tables(snakemake.input.corpus, snakemake.output.decomposition)
    write_table(quality, snakemake.output.quality, float_format="%.6g")
    write_table(sample, snakemake.output.sample, float_format="%.6g")
