"""Map the inputs of the models to two or three dimensions: X and every component, of frames or their means.

Input   features, decompositions: HDF5, one file per split each, in the same order; corpus: HDF5 corpus (labels)
Output  embedding: CSV of coordinates with labels
Params  settings: how to map; seed; branches: Z (frames), S (means over utterances) or both; splits: of the features,
        in their order
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.analysis.maps import map_inputs
    from decvae.artifacts import write_table
    from decvae.settings.embeddings import EmbeddingSettings

    files, params = snakemake.input, snakemake.params
    table = map_inputs(
        files.features,
        files.decompositions,
        files.corpus,
        params.splits,
        params.branches,
        EmbeddingSettings.parse(params.settings),
        label=f"{snakemake.wildcards.input} inputs",
        seed=params.seed,
    )
    write_table(table, snakemake.output.embedding)
