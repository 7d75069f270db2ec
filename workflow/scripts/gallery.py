"""Show all figures of the study at a glance.

Input   figures: PNG files
Output  sheet: contact sheet (PNG); page: Markdown, what every figure shows
Params  entries: name, category and caption of every figure, in the order of the inputs; command: how the page is made
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from pathlib import Path

    from decvae.reporting.gallery import Entry, contact_sheet, gallery_page

    entries = [Entry(*entry) for entry in snakemake.params.entries]
    names = [entry.name for entry in entries]
    contact_sheet(dict(zip(names, snakemake.input.figures, strict=True)), snakemake.output.sheet)
    page = gallery_page(entries, Path(snakemake.output.sheet).name, snakemake.params.command)
    Path(snakemake.output.page).write_text(page, encoding="utf-8")
