"""The study of the miniature corpora, as it is planned."""

import shutil

from tests.corpora.build import NAMES

OVERLAY = ["--configfile", "config/mini_corpora.yaml"]


def test_every_experiment_is_planned_and_has_its_figures(project, mini_corpus):
    for name in NAMES:
        shutil.copytree(mini_corpus(name), project.root / "results/mini_corpora" / name)
    jobs = project.planned("figures", *OVERLAY)
    # Two folds of one IEMOCAP; zero-shot runs are adopted, all others trained or fitted.
    assert jobs["ingest_corpus"] == 6 and jobs["adopt_checkpoint"] == 3 and jobs["pretrain_model"] == 22
    assert jobs["draw_controlled_set"] == 1 + 1 + 4 and jobs["traverse_latents"] == 1 + 1 + 2 + 4
    figures = {
        path.split("results/figures/")[1] for path in project.outputs("figures", *OVERLAY) if "/figures/" in path
    }
    places = {"timit": "fig3", "voc_als": "fig4", "iemocap_1f": "fig5"}
    places |= {name: name for name in ("iemocap_2m", "folder", "pulse")}
    for name, place in places.items():
        assert {f"corpora/{name}.pdf", f"{place}/metrics_bars.pdf", f"{place}/embedding_inputs.png"} <= figures
        assert any(path.startswith(f"{place}/embedding_latents-") for path in figures)
    assert {
        "si18/latent_responses-decvae_simvowels.png",
        "fig6/latent_responses-phoneme_speaker-decvae_timit.png",
        "fig6/latent_responses-phoneme_king_stage-decvae_voc_als_from_simvowels.png",
        "fig6/response_maps-nonverbal_emotion-decvae_iemocap_1f_from_timit.png",
    } <= figures
    # One figure alone makes no more than it shows.
    alone = project.planned("results/figures/fig4/embedding_latents-decvae_voc_als_from_timit.png", *OVERLAY)
    assert alone["ingest_corpus"] == 2 and alone["pretrain_model"] == 1 and alone["adopt_checkpoint"] == 1
