"""Tables of what the generator makes, for the figures of the generative model.

Output  signals: CSV of tokens and formants; mels: CSV of their mel spectra
Params  settings: the corpus's section of the configuration; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.artifacts import write_table
    from decvae.corpora.simvowels import generator_tables
    from decvae.settings.corpora import SimVowelsSettings

    settings = SimVowelsSettings.parse(snakemake.params.settings)
    signals, mels = generator_tables(settings, snakemake.params.seed)
    write_table(signals, snakemake.output.signals)
    write_table(mels, snakemake.output.mels)
