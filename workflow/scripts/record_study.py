"""Write down what the study was made of.

Output  page: Markdown with versions, runs and the configuration
Params  config: the completed configuration; runs: the columns that identify each run
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from pathlib import Path

    from decvae.reporting.record import study_record

    page = study_record(snakemake.params.config, snakemake.params.runs)
    Path(snakemake.output.page).write_text(page, encoding="utf-8")
