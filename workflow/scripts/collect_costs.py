"""What the study cost, by job and by rule.

Output  jobs: CSV, one row each; rules: CSV of sums and maxima; on the terminal the latter with a summary
Params  folder: benchmark files of all jobs
"""

import os
import sys

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.artifacts import write_table
    from decvae.reporting.costs import job_costs, rule_costs, summary

    jobs = job_costs(snakemake.params.folder)
    write_table(jobs, snakemake.output.jobs, float_format="%.6g")
    write_table(rule_costs(jobs), snakemake.output.rules, float_format="%.6g")
    print(summary(jobs, os.cpu_count() or 1), end="", file=sys.__stdout__)
