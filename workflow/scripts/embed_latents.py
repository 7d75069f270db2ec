"""Map the latents of a run at a checkpoint to two or three dimensions.

Input   latents, decompositions: HDF5, one file per split each, in the same order
Output  embedding: CSV of coordinates with labels
Params  settings: how to map; seed; branches: Z (frames), S (sequences) or both; run: the columns that identify the run
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.analysis.maps import map_latents
    from decvae.artifacts import write_table
    from decvae.settings.embeddings import EmbeddingSettings

    files, params = snakemake.input, snakemake.params
    origin = {"run": params.run["run"], "label": params.run["label"], "checkpoint": snakemake.wildcards.checkpoint}
    settings = EmbeddingSettings.parse(params.settings)
    table = map_latents(files.latents, files.decompositions, params.branches, settings, seed=params.seed, **origin)
    write_table(table, snakemake.output.embedding)
