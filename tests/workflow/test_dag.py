"""What Snakemake plans: the documented commands, single results, mistakes, style."""

import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from decvae.names.models import METHODS
from decvae.settings.base import SPLITS
from decvae.settings.corpora import SimVowelsSettings
from tests.workflow.described import Described

ROOT = Path(__file__).resolve().parents[2]
RULES = sorted((ROOT / "workflow/rules").glob("*.smk"))


def documented_commands():
    """Every Snakemake command in the project's pages and comments."""
    texts = [
        ROOT / name
        for name in (
            "README.md",
            "config/README.md",
            "config/paper.yaml",
            "config/objectives.yaml",
            "config/protocols.yaml",
            "workflow/Snakefile",
        )
    ]
    lines = [line.strip("# \t$") for path in texts for line in path.read_text().splitlines()]
    commands = [re.split(r"  +", line)[0] for line in lines if line.startswith("snakemake ")]
    return sorted(set(commands))


def test_the_default_target_is_figures(project):
    plan = project.planned()
    assert plan == project.planned("figures")
    assert plan["training_curves"] == plan["metrics_circular"] == 1
    assert plan["metrics_scatter"] == 2 and plan["metrics_bars"] == 5  # planes and bubbles; models, joint latents of 4
    study = Described()
    assert plan["pretrain_model"] == study.made()["pretrain_model"] == len(study.runs)
    assert plan["decompose_split"] == study.decompositions()
    assert plan["component_quality"] == plan["component_frequencies"] == 2
    assert plan["signals"] == 4 and plan["latent_responses"] == plan["response_maps"] == len(study.traversals())
    # Maps of frames and utterances of inputs and of runs, latents of these beside their prior; a page for each.
    mapped = len(study.embedded)
    assert plan["embedding"] == 2 + 3 * mapped and plan["embedding_page"] == 1 + mapped


def test_the_other_targets(project):
    metrics, latents, everything = (project.planned(target) for target in ("metrics", "latents", "all"))
    assert metrics["merge_metrics"] == metrics["results_table"] == 1 and "metrics_scatter" not in metrics
    study = Described()
    trained = sum(run.is_trained for run in study.runs)  # at init, too
    assert metrics["score_checkpoint"] == len(study.states) == len(study.runs) + trained
    assert metrics["encode_checkpoint"] == len(study.states)
    # And the controlled set of the runs that are traversed.
    assert latents["encode_checkpoint"] == metrics["encode_checkpoint"]
    assert latents["encode_controlled_set"] == len(study.traversals())
    assert "score_checkpoint" not in latents
    assert everything == project.planned("figures") | metrics | latents


@pytest.mark.parametrize("command", documented_commands())
def test_documented_commands_parse_and_plan(command, project):
    project.snakemake(*shlex.split(command)[1:], "-n")


def test_there_are_documented_commands():
    assert "snakemake figures --cores 8 --resources gpu=2" in documented_commands()


def test_the_study_of_the_paper(project):
    plan = project.planned("figures", "--configfile", "config/paper.yaml")
    study = Described("config/paper.yaml")
    assert plan["pretrain_model"] == study.made()["pretrain_model"] == len(study.runs)
    assert plan["decompose_split"] == study.decompositions()
    assert plan["traverse_latents"] == len(study.traversals()) and plan["embed_latents"] == len(study.embedded)
    swept = {run.settings["decomposition"] for run in study.traversed}
    assert swept == set(METHODS) and {run.settings["corpus"] for run in study.runs} == {"sim_vowels"}


@pytest.fixture
def paper_with_corpora(project):
    """Arguments for the study of the paper with (empty) trees of all three corpora."""
    folds = [f"iemocap_{session}{letter}" for session in range(1, 6) for letter in "fm"]
    roots = {"timit": "TIMIT", "voc_als": "VOC-ALS", **dict.fromkeys(folds, "IEMOCAP")}
    for place in set(roots.values()):
        (project.root / place).mkdir()
    overlay = {"corpora": {name: {"root": place} for name, place in roots.items()}}
    (project.root / "paths.yaml").write_text(yaml.safe_dump(overlay))
    return ["config/paper.yaml", str(project.root / "paths.yaml")]


def test_the_experiments_on_corpora(project, paper_with_corpora):
    whole = project.planned("figures", "--configfile", *paper_with_corpora)
    plan = whole - project.planned("figures", "--configfile", "config/paper.yaml")
    study, vowels = Described(*paper_with_corpora), Described("config/paper.yaml")
    made = study.made() - vowels.made()
    assert made.keys() == {"pretrain_model", "adopt_checkpoint"} and all(plan[rule] == made[rule] for rule in made)
    corpora = {run.settings["corpus"] for run in study.runs} - {"sim_vowels"}
    assert plan["ingest_corpus"] == plan["corpus"] == len(corpora)
    sets = {(run.corpus_id, name) for run, name in study.traversals()}
    assert plan["draw_controlled_set"] == len(sets - {(run.corpus_id, name) for run, name in vowels.traversals()})
    traversed = len(study.traversals()) - len(vowels.traversals())
    assert plan["traverse_latents"] == plan["latent_responses"] == traversed
    # A figure for each corpus, tasks apart from the metrics of all factors for two of them, beta on TIMIT.
    assert plan["metrics_bars"] == len(corpora) + 2 + 1


@pytest.mark.parametrize(
    ("target", "made"),
    [
        (
            "fig4/embedding_latents-voc_als_from_timit_fd_beta_0.1.png",
            {"ingest_corpus": 2, "pretrain_model": 1, "adopt_checkpoint": 1},
        ),
        (
            "si20/latent_responses-phoneme_king_stage-voc_als_from_simvowels_ewt_beta_1.png",
            {
                "simulate_corpus": 1,
                "ingest_corpus": 1,
                "pretrain_model": 1,
                "adopt_checkpoint": 1,
                "traverse_latents": 1,
            },
        ),
        ("iemocap_3m/embedding_latents-iemocap_from_timit_without_3m.png", {"ingest_corpus": 2, "pretrain_model": 2}),
        ("fig3/embedding_inputs.png", {"ingest_corpus": 1, "embed_inputs": 1}),
        ("corpora/iemocap_5f.png", {"ingest_corpus": 1, "summarise_corpus": 1}),
    ],
)
def test_an_experiment_on_a_corpus_is_a_target_of_its_own(project, paper_with_corpora, target, made):
    plan = project.planned(f"results/figures/{target}", "--configfile", *paper_with_corpora)
    rules = ("simulate_corpus", "ingest_corpus", "pretrain_model", "adopt_checkpoint")
    assert {rule: plan[rule] for rule in (*rules, *made) if plan[rule]} == made


def test_the_study_of_the_objectives(project):
    plan = project.planned("figures", "--configfile", "config/objectives.yaml")
    study = Described("config/objectives.yaml")
    objectives = {run.settings["objective"] for run in study.runs}
    seeds = {run.settings["seed"] for run in study.runs}
    assert plan["pretrain_model"] == len(study.runs) == len(objectives) * len(seeds)
    assert plan["score_checkpoint"] == len(study.states) == 2 * len(study.runs)  # init and best
    assert plan["traverse_latents"] == len(study.traversals()) == len(objectives)
    assert plan["decompose_split"] == study.decompositions()


def check_page_of_seeds(plan, study):
    """A page needs every run at its best, the untrained states that the study names, and no more decompositions."""
    untrained = sum(run.label in study.config.evaluation.untrained for run in study.runs)
    assert plan["write_study"] == 1 and plan["pretrain_model"] == len(study.runs)
    assert plan["score_checkpoint"] == len(study.states) == len(study.runs) + untrained
    read = {(run.corpus_id, run.decomposition_id) for run in study.runs}
    assert plan["decompose_split"] == 3 * len(read)


def test_the_study_on_a_cpu_and_its_page(project):
    plan, study = project.planned("study", "--configfile", "config/study_cpu.yaml"), Described("config/study_cpu.yaml")
    check_page_of_seeds(plan, study)
    refused = project.snakemake("study", "-n", "--cores", "2", check=False)
    assert refused.returncode and "both protocols in `evaluation.protocols`" in refused.stdout + refused.stderr


def test_the_confirmation_on_new_speakers(project):
    plan = project.planned("study", "--configfile", "config/confirmation.yaml")
    check_page_of_seeds(plan, Described("config/confirmation.yaml"))
    own = yaml.safe_load((ROOT / "config/confirmation.yaml").read_text())
    speakers = own["corpora"]["new_speakers"]["speakers"]
    default = SimVowelsSettings()
    known = {factor for split in SPLITS for factor in default.speakers_of(split)}
    assert own["seed"] != yaml.safe_load((ROOT / "config/config.yaml").read_text())["seed"]
    assert not known & {*speakers["dev"], *speakers["test"]} and tuple(speakers["train"]) == default.speakers.train


def test_the_second_round_of_the_search(project):
    plan = project.planned("metrics", "--configfile", "config/search.yaml")
    assert plan["pretrain_model"] == plan["score_checkpoint"] == len(Described("config/search.yaml").runs)


def test_the_study_of_data_sizes(project):
    plan = project.planned("metrics", "--configfile", "config/scaling.yaml")
    sizes = len({run.corpus_id for run in Described("config/scaling.yaml").runs})
    assert plan["simulate_corpus"] == plan["pretrain_model"] == plan["score_checkpoint"] == sizes


def test_the_study_of_the_published_frame_loss(project):
    plan = project.planned("metrics", "figures", "--configfile", "config/findings.yaml")
    study = Described("config/findings.yaml")
    assert plan["pretrain_model"] == len(study.runs)
    assert plan["score_checkpoint"] == len(study.states) and plan["metrics_lines"] == 1


def test_both_protocols_and_four_states_of_training(project):
    plan = project.planned("metrics", "figures", "--configfile", "config/protocols.yaml")
    study = Described("config/protocols.yaml")
    trained = sum(run.is_trained for run in study.runs)  # at four states
    assert plan["score_checkpoint"] == len(study.states) == len(study.runs) + 3 * trained
    assert plan["metrics_lines"] == plan["compare_protocols"] == 1
    assert "compare_protocols" not in project.planned("metrics")


def test_transfer_is_planned_from_the_source_to_the_scores_of_heads(project):
    plan = project.planned("metrics", "--configfile", "config/transfer.yaml")
    study = Described("config/transfer.yaml")
    made = study.made()
    assert made.keys() == {"pretrain_model", "adopt_checkpoint", "finetune_model"} and made <= plan
    assert plan["score_classifier"] == 2 * made["finetune_model"] and plan["merge_classifiers"] == 1  # init and best
    # A zero-shot run has no untrained state.
    assert plan["score_checkpoint"] == len(study.states) == 2 * len(study.runs) - made["adopt_checkpoint"]
    alone = project.planned("results/metrics/supervised.csv", "--configfile", "config/transfer.yaml")
    assert alone["pretrain_model"] == 1 and "encode_checkpoint" not in alone


def test_seeds_of_one_setting_are_ranked_without_labels(project):
    assert "rank_without_labels" not in project.planned("metrics")
    project.edit(
        "config/config.yaml", "  - {model: pca}", "  - {model: vae, branch_z: {frames: 40}, seed: 1}\n  - {model: pca}"
    )
    assert project.planned("metrics")["rank_without_labels"] == 1


def test_a_single_figure_needs_only_what_it_shows(project):
    plan = project.planned("results/figures/si4/generative_model.pdf")
    assert plan == {"describe_generator": 1, "describe_figure": 1, "signals": 1}


def test_every_figure_of_a_kind_can_be_made_alone(project):
    for path in project.outputs("figures"):
        assert " " not in path  # a name that needs no quotes
    plan = project.planned("results/figures/si18/latent_responses-beta_decvae_fd_centred.png")
    assert plan["pretrain_model"] == plan["latent_responses"] == 1


def test_the_figures_of_one_figure_of_the_paper_are_a_target(project):
    files = [path for path in project.outputs("figures") if path.startswith("results/figures/si4/")]
    assert len(files) == 6 * len(("json", "pdf", "png")) and project.planned("si4") - Counter(si4=1) == project.planned(
        *files
    )
    assert project.snakemake("-n", "fig3", check=False).returncode != 0  # no run on TIMIT


def test_a_mistake_in_the_configuration_stops_before_planning(project):
    project.edit("config/config.yaml", "  n_components: 3", "  n_components: -1\n  modle: vae")
    done = project.snakemake("-n", check=False)
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert "`run_defaults.n_components` is -1" in text and "Did you mean `model`" in text
    assert "Traceback" not in text


def test_a_name_that_no_run_has_is_no_target(project):
    done = project.snakemake("-n", "results/metrics/runs/typo/best.parquet", check=False)
    assert done.returncode != 0


def asking_for_a_gpu(project, wildcard):
    """Dry-run jobs with ``gpu=1``: (rule, what the pattern finds among the wildcards)."""
    text = project.snakemake("figures", "-n", "--cores", "2").stdout
    jobs = re.findall(r"^rule (\w+):\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    return Counter(
        (rule, found.group(1))
        for rule, body in jobs
        if re.search(r"resources:.*\bgpu=1", body) and (found := re.search(f"wildcards: .*{wildcard}", body))
    )


def test_only_training_asks_for_a_gpu(project):
    assert not asking_for_a_gpu(project, r"\bdecomposition=([a-z]+)")
    assert asking_for_a_gpu(project, r"\brun=sim_vowels-([a-z]+)") == {
        ("pretrain_model", "decvae"): 4,
        ("pretrain_model", "ae"): 1,
        ("pretrain_model", "vae"): 1,
        ("pretrain_model", "beta"): 1,
    }


def test_a_run_of_several_processes_asks_for_as_many_gpus_and_one_for_the_cpu_for_none(project):
    before = sorted(project.outputs("figures"))
    for setting, asked in (("processes: 2", 7), ("device: cpu", 0)):
        project.edit("config/config.yaml", "run_defaults:", f"execution: {{{setting}}}\n\nrun_defaults:")
        text = project.snakemake("figures", "-n", "--cores", "2").stdout
        assert len(re.findall(r"resources:.*\bgpu=2\b", text)) == asked and not re.search(r"\bgpu=1\b", text)
        project.edit("config/config.yaml", f"execution: {{{setting}}}\n\nrun_defaults:", "run_defaults:")
    assert sorted(project.outputs("figures")) == before


def test_decompositions_ask_for_a_gpu_on_request_but_for_emd(project):
    before = sorted(project.outputs("figures"))
    project.edit("config/config.yaml", "run_defaults:", "decomposition: {device: cuda}\n\nrun_defaults:")
    assert asking_for_a_gpu(project, r"\bdecomposition=([a-z]+)") == {
        ("decompose_split", "filter"): 8,
        ("decompose_split", "ewt"): 1,
        ("decompose_split", "vmd"): 1,
    }
    assert sorted(project.outputs("figures")) == before  # the device is in no name


# ---- Style ----


def test_lint(project):
    assert "good condition" in (done := project.snakemake("--lint")).stdout + done.stderr


def test_format():
    files = [str(path) for path in (ROOT / "workflow/Snakefile", *RULES)]
    done = subprocess.run([Path(sys.executable).parent / "snakefmt", "--check", *files], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_the_snakefile_is_a_table_of_contents():
    assert len((ROOT / "workflow/Snakefile").read_text().splitlines()) < 70


RULE = re.compile(r"^rule (\w+):\n((?:(?: .*)?\n)*)", re.MULTILINE)
ALL_RULES = [match.groups() for path in RULES for match in RULE.finditer(path.read_text())]
RULE_BODIES = [(rule, body) for rule, body in ALL_RULES if "    output:\n" in body]  # without targets


@pytest.mark.parametrize(("rule", "body"), RULE_BODIES, ids=[rule for rule, _ in RULE_BODIES])
def test_a_rule_says_everything_and_names_its_files_after_itself(rule, body):
    for directive in ("input", "output", "log", "benchmark", "conda", "resources", "(script|shell)"):
        assert re.search(rf"^    {directive}:", body, re.MULTILINE), directive
    assert ("needs(" in body or ("mem_mb=" in body and "runtime=" in body)) and "code=" in body
    assert re.search(rf'"results/logs/{rule}[/.]', body) and re.search(rf'"results/benchmarks/{rule}[/.]', body)
    if "    script:\n" in body:
        assert re.search(r'script:\n +"\.\./([^"]+)"', body).group(1) == f"scripts/{rule}.py"
        script = (ROOT / "workflow/scripts" / f"{rule}.py").read_text()
        assert set(re.findall(r"wildcards\.(\w+)", script)) <= set(re.findall(r"\{(\w+)\}", body))
    else:
        assert rule == "draw_figure" and "Rscript" in body  # the one rule that a script of R executes
    named = re.search(r"^    input:\n((?:        .*\n)+)", body, re.MULTILINE).group(1)
    assert all(re.match(r" {8}(\w+=| |\)|\])", line) for line in named.splitlines()), "inputs are named"


def test_targets_are_nothing_but_inputs():
    targets = dict(ALL_RULES).keys() - dict(RULE_BODIES)
    for rule in targets:
        directives = re.findall(r"^    (\w+):", dict(ALL_RULES)[rule], re.MULTILINE)
        assert directives == ["input"], rule


def test_every_job_states_its_memory_and_its_time(project):
    resources = re.findall(
        r"^    resources: (.*)$", project.snakemake("all", "-n", "--cores", "2").stdout, re.MULTILINE
    )
    jobs = [line for line in resources if line != "tmpdir=/tmp"]
    assert jobs and all("mem_mb=" in line and "runtime=" in line for line in jobs)


def test_every_script_has_a_rule():
    used = {f"{rule}.py" for rule, _ in RULE_BODIES}
    scripts = {path.name for path in (ROOT / "workflow/scripts").glob("[!_]*.py")}
    assert scripts <= used


def test_every_caption_is_used():
    used = set(re.findall(r"report/(\w+)\.rst", "".join(path.read_text() for path in RULES)))
    families = {path.stem for path in (ROOT / "visualize_R").glob("*.R")}  # figures.py reads the caption of a family
    captions = {path.stem for path in (ROOT / "workflow/report").glob("*.rst")}
    assert used | {"workflow"} <= captions <= used | {"workflow"} | families


def test_the_default_profile_sets_no_cores_and_no_gpu():
    text = (ROOT / "workflow/profiles/default/config.yaml").read_text()
    keys = re.findall(r"^([a-z-]+):", text, re.MULTILINE)
    assert keys == ["rerun-triggers", "show-failed-logs", "rerun-incomplete"]


def test_the_default_profile_is_found_without_being_named(project):
    done = project.snakemake("-n", "--cores", "1", "results/figures/si4/mel_features.pdf")
    assert "workflow/profiles/default" in done.stdout + done.stderr
