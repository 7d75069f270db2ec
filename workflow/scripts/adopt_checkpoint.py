"""Make the checkpoint of another run, as it is, a run of its own (zero-shot).

Input   source: checkpoints.json of that run, or the weights of any other checkpoint
Output  checkpoints: JSON naming the checkpoint; record: JSON of settings and provenance
Params  settings: every setting that reaches the run
"""

from pathlib import Path

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.training.transfer import adopt_checkpoint

    adopt_checkpoint(snakemake.params.settings, snakemake.input.source, Path(snakemake.output.checkpoints).parent)
