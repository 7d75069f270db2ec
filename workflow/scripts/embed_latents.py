"""Map the latents of a run at a checkpoint to two dimensions.

Input   latents, decompositions: HDF5, one file per split each, in the same order
Output  embedding: CSV of coordinates with labels
Params  settings: how to map; branch: Z (frames) or S (sequences); run: the columns that identify the run
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from _frames import class_labels, component_facts

    from decvae.artifacts import write_table
    from decvae.embedding import EmbeddingSettings, embedding_table
    from decvae.evaluation.latents import read_latents

    branch, run = snakemake.params.branch, snakemake.params.run
    table = read_latents(snakemake.input.latents)[branch]
    levels = [place for place, name in enumerate(table.subspaces) if name != "OCs_proj"]
    present, centre_hz = component_facts(snakemake.input.decompositions, branch)
    labels = {name: class_labels(table.class_names[name], codes) for name, codes in table.factors.items()}
    n_components = len(levels) - 1
    embedding = embedding_table(
        table.mu[:, levels],
        EmbeddingSettings(**snakemake.params.settings),
        utterance=table.utterance,
        frame=table.frame,
        factors=labels,
        present=present[:, :n_components],
        centre_hz=centre_hz[:, :n_components],
        level_names=[table.subspaces[place] for place in levels],
        run=run["run"],
        label=run["label"],
        checkpoint=snakemake.wildcards.checkpoint,
        branch=branch,
    )
    write_table(embedding, snakemake.output.embedding)
