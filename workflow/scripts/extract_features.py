"""Make the models' inputs from the decomposition of one split.

Input   decomposition: HDF5 cache
Output  features: HDF5 features
Params  settings: {input type: settings}
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.features.extract import FeatureSettings, write_features

    write_features(
        snakemake.input.decomposition,
        snakemake.output.features,
        snakemake.wildcards.input,
        FeatureSettings.from_dict(snakemake.params.settings),
    )
