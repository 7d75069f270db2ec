"""Read a corpus from the user's files.

Output  corpus: HDF5 corpus
Params  name: of the corpus; settings: its section of the configuration; tree: fingerprint of its files; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.corpora.ingest import ingest_corpus
    from decvae.settings.corpora import parse_corpus

    # The root is not a parameter, so that a tree that has only been moved does not make its corpus stale.
    ingest_corpus(
        snakemake.config["corpora"][snakemake.params.name]["root"],
        parse_corpus(snakemake.params.settings),
        snakemake.output.corpus,
        corpus=snakemake.params.name,
        seed=snakemake.params.seed,
    )
