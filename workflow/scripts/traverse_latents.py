"""Responses of a run's latents to a controlled set.

Input   latents: HDF5 latents of the set
Output  json: responses of every subspace and dimension; csv: the same as a table
Params  run: the columns that identify the run; factors: of the set
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.analysis.traversal import response_tables
    from decvae.artifacts import write_json, write_table

    responses, table = response_tables(snakemake.input.latents, snakemake.params.factors)
    run = snakemake.params.run
    origin = {"run": run["run"], "label": run["label"], "checkpoint": snakemake.wildcards.checkpoint}
    write_json(snakemake.output.json, {**origin, **responses})
    for place, (name, value) in enumerate(origin.items()):
        table.insert(place, name, value)
    write_table(table, snakemake.output.csv)
