"""Simulate the splits train, dev and test of a corpus.

Output  corpus: HDF5 corpus
Params  settings: the corpus's section of the configuration; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.corpora.simvowels import simulate
    from decvae.settings.corpora import SimVowelsSettings

    simulate(snakemake.output.corpus, SimVowelsSettings.parse(snakemake.params.settings), snakemake.params.seed)
