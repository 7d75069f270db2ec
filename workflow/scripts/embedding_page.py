"""Make an interactive page of the maps of a table.

Input   embedding: CSV of coordinates with labels
Output  page: HTML that needs no other file
Params  title: of the page
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.reporting.map_page import embedding_page

    embedding_page(pd.read_csv(snakemake.input.embedding), snakemake.params.title, snakemake.output.page)
