"""Write what a figure shows as JSON, which its R script reads.

Output  JSON file
Params  family, tables, shown, scores, style, about, caption: the figure
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import json
    from pathlib import Path

    text = json.dumps(dict(snakemake.params.items()), ensure_ascii=False, indent=1)
    Path(snakemake.output[0]).write_text(f"{text}\n", encoding="utf-8")
