"""Tables of what the generator makes, for the figures of the generative model.

Output  signals: CSV of tokens and formants; mels: CSV of their mel spectra
Params  settings: the corpus's section of the configuration; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.corpora.simvowels import SimVowelsSettings, generator_tables

    settings = SimVowelsSettings.from_dict(snakemake.params.settings)
    signals, mels = generator_tables(settings, snakemake.params.seed)
    signals.to_csv(snakemake.output.signals, index=False)
    mels.to_csv(snakemake.output.mels, index=False)
