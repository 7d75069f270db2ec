"""Draw a controlled set from a corpus: clips of every combination of classes of its factors.

Input   corpus: HDF5 corpus
Output  corpus: HDF5 corpus with the split of the wildcard, `traversal_SET`
Params  settings: the set's section of the configuration; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.corpora.controlled import write_controlled_set
    from decvae.settings.corpora import ControlledSet

    settings = ControlledSet.parse(snakemake.params.settings)
    split = snakemake.wildcards.split
    write_controlled_set(snakemake.input.corpus, snakemake.output.corpus, settings, snakemake.params.seed, split=split)
