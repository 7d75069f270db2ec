"""One frame and one sequence, decomposed by every method, for the figures of the front ends.

Input   corpus: HDF5 corpus
Output  signals: CSV of time series; spectra: CSV of power spectral densities
Params  settings: {method: settings}; split; utterance: index within the split; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.artifacts import write_table
    from decvae.decomposition.tables import example_tables
    from decvae.settings.decomposition import DecompositionSettings

    settings = {name: DecompositionSettings.parse(own) for name, own in snakemake.params.settings.items()}
    place = (snakemake.params.split, snakemake.params.utterance)
    signals, spectra = example_tables(snakemake.input.corpus, *place, settings, seed=snakemake.params.seed)
    write_table(signals, snakemake.output.signals)
    write_table(spectra, snakemake.output.spectra)
