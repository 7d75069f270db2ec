"""Map the inputs of the models (frames of X and of every component) to two dimensions.

Input   features, decompositions: HDF5, one file per split each, in the same order; corpus: HDF5 corpus (labels)
Output  embedding: CSV of coordinates with labels
Params  settings: how to map; splits: of the features, in their order
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import numpy as np
    from _frames import class_labels, component_facts

    from decvae.artifacts import write_table
    from decvae.corpora.store import Corpus
    from decvae.embedding import EmbeddingSettings, embedding_table
    from decvae.feature_file import FeatureFile

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
    present, centre_hz = component_facts(snakemake.input.decompositions)
    embedding = embedding_table(
        np.concatenate(levels),
        EmbeddingSettings(**snakemake.params.settings),
        utterance=np.repeat(np.arange(len(counts)), counts),
        frame=np.concatenate([np.arange(count) for count in counts]),
        factors={name: np.concatenate(values) for name, values in factors.items()},
        present=present,
        centre_hz=centre_hz,
        label=f"{snakemake.wildcards.input} inputs",
    )
    write_table(embedding, snakemake.output.embedding)
