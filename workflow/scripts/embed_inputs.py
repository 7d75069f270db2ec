"""Map the inputs of the models (frames of X and of every component) to two dimensions.

Input   features, decompositions: HDF5, one file per split each, in the same order; corpus: HDF5 corpus (labels)
Output  embedding: CSV of coordinates with labels
Params  settings: how to map; splits: of the features, in their order
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import numpy as np
    from _frames import class_labels, component_facts

    from decvae.corpora.store import Corpus
    from decvae.embedding import EmbeddingSettings, embedding_table
    from decvae.feature_file import FeatureFile

    levels, vowels, speakers, counts = [], [], [], []
    with Corpus(snakemake.input.corpus) as corpus:
        for path, split in zip(snakemake.input.features, snakemake.params.splits, strict=True):
            data, labels = FeatureFile(path), corpus[split]
            speaker = class_labels(labels.class_names("speaker"), labels.factors["speaker"])
            for index in range(len(data)):
                frames = data.vectors(index)
                levels.append(frames)
                counts.append(len(frames))
                vowels.append(class_labels(labels.class_names("vowel"), labels.frame_labels("vowel", index)[0]))
                speakers.append(np.repeat(speaker[index], len(frames)))
    present, centre_hz = component_facts(snakemake.input.decompositions)
    embedding_table(
        np.concatenate(levels),
        EmbeddingSettings(**snakemake.params.settings),
        utterance=np.repeat(np.arange(len(counts)), counts),
        frame=np.concatenate([np.arange(count) for count in counts]),
        vowel=np.concatenate(vowels),
        speaker=np.concatenate(speakers),
        present=present,
        centre_hz=centre_hz,
        label=f"{snakemake.wildcards.input} inputs",
    ).to_csv(snakemake.output.embedding, index=False)
