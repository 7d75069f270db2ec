"""Map the latents of a run at a checkpoint to two or three dimensions.

Input   latents, decompositions: HDF5, one file per split each, in the same order
Output  embedding: CSV of coordinates with labels
Params  settings: how to map; seed; branches: Z (frames), S (sequences) or both; run: the columns that identify the run
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd
    from _frames import class_labels, component_facts

    from decvae.analysis.embedding import embedding_table, sequence_settings
    from decvae.artifacts import write_table
    from decvae.evaluation.latents import read_latents
    from decvae.settings.embeddings import EmbeddingSettings

    run, tables = snakemake.params.run, read_latents(snakemake.input.latents)
    embeddings = []
    for branch in snakemake.params.branches:
        table, settings = tables[branch], EmbeddingSettings.parse(snakemake.params.settings)
        levels = [place for place, name in enumerate(table.subspaces) if name != "OCs_proj"]
        present, centre_hz = component_facts(snakemake.input.decompositions, branch)
        n_components = len(levels) - 1
        embedding = embedding_table(
            table.mu[:, levels],
            settings if branch == "Z" else sequence_settings(settings, len(table)),
            utterance=table.utterance,
            frame=table.frame,
            factors={name: class_labels(table.class_names[name], codes) for name, codes in table.factors.items()},
            present=present[:, :n_components],
            centre_hz=centre_hz[:, :n_components],
            level_names=[table.subspaces[place] for place in levels],
            run=run["run"],
            label=run["label"],
            checkpoint=snakemake.wildcards.checkpoint,
            branch=branch,
            seed=snakemake.params.seed,
        )
        embeddings.append(embedding)
    write_table(pd.concat(embeddings, ignore_index=True), snakemake.output.embedding)
