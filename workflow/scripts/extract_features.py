"""Make the models' inputs from the decomposition of one split.

Input   decomposition: HDF5 cache
Output  features: HDF5 features
Params  settings: {input type: settings}
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.features.extract import write_features
    from decvae.settings.features import FeatureSettings

    write_features(
        snakemake.input.decomposition,
        snakemake.output.features,
        snakemake.wildcards.input,
        FeatureSettings.parse(snakemake.params.settings),
    )
