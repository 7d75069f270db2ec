"""Simulate the controlled set of a corpus: every vowel x every speaker factor.

Output  corpus: HDF5 corpus with the split `traversal`
Params  settings: the corpus's section of the configuration; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.corpora.simvowels import simulate_traversal_set
    from decvae.settings.corpora import SimVowelsSettings

    settings = SimVowelsSettings.parse(snakemake.params.settings)
    simulate_traversal_set(snakemake.output.corpus, settings, snakemake.params.seed)
