"""Map the inputs of the models (X and every component; of frames, or their means over utterances) to two or three
dimensions.

Input   features, decompositions: HDF5, one file per split each, in the same order; corpus: HDF5 corpus (labels)
Output  embedding: CSV of coordinates with labels
Params  settings: how to map; seed; branches: Z (frames), S (means over utterances) or both; splits: of the features,
        in their order
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import numpy as np
    import pandas as pd
    from _frames import class_labels, component_facts, means_over_utterances

    from decvae.analysis.embedding import embedding_table, sequence_settings
    from decvae.artifacts import write_table
    from decvae.corpora.store import Corpus
    from decvae.features.store import FeatureFile
    from decvae.settings.embeddings import EmbeddingSettings

    levels, counts, factors = [], [], {}
    with Corpus(snakemake.input.corpus) as corpus:
        for path, split in zip(snakemake.input.features, snakemake.params.splits, strict=True):
            data, labels = FeatureFile(path), corpus[split]
            known = {name: class_labels(labels.class_names(name), codes) for name, codes in labels.factors.items()}
            for index in range(len(data)):
                frames = data.vectors(index)
                levels.append(frames)
                counts.append(len(frames))
                for name in labels.interval_names:
                    codes = labels.frame_labels(name, index)[0]
                    factors.setdefault(name, []).append(class_labels(labels.class_names(name), codes))
                for name, values in known.items():
                    factors.setdefault(name, []).append(np.repeat(values[index], len(frames)))
    settings = EmbeddingSettings.parse(snakemake.params.settings)
    present, centre_hz = component_facts(snakemake.input.decompositions)
    frames = {
        "levels": np.concatenate(levels),
        "utterance": np.repeat(np.arange(len(counts)), counts),
        "frame": np.concatenate([np.arange(count) for count in counts]),
        "factors": {name: np.concatenate(values) for name, values in factors.items()},
        "present": present,
        "centre_hz": centre_hz,
    }
    embeddings = []
    for branch in snakemake.params.branches:
        rows = dict(frames) if branch == "Z" else means_over_utterances(frames, list(known))
        own = settings if branch == "Z" else sequence_settings(settings, len(counts))
        label = f"{snakemake.wildcards.input} inputs"
        embeddings.append(
            embedding_table(rows.pop("levels"), own, **rows, label=label, branch=branch, seed=snakemake.params.seed)
        )
    write_table(pd.concat(embeddings, ignore_index=True), snakemake.output.embedding)
