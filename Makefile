# Thin names for the commands of the README.
#   make quick                set up, then five figures of config/quick.yaml, a study of minutes
#   make figures              set up, then every figure of config/config.yaml
#   make figures CORES=8 GPUS=2 CONFIG=config/paper.yaml
#   make study                set up, then config/study_cpu.yaml; its page becomes docs/results.md
#   make confirmation         set up, then config/confirmation.yaml; its page becomes docs/confirmation.md
#   make why                  set up, then which setting or file makes which results stale
#   make mini-corpora         spoken miniatures of TIMIT, VOC-ALS, IEMOCAP and two folders of recordings
#   make demo-corpora         builds them, then every figure of config/mini_corpora.yaml
#   make report               set up, then the whole study and report.html, which opens offline
#   make gallery              set up, then all figures, their contact sheet and docs/gallery.md
#   make test                 set up, then format and lint checks and all tests
#   make lint test-fast       the same without the tests that run whole studies
#   make test-docs            commands, paths, names and keys of all pages, and the doctests
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
GPUS ?=
CONFIG ?=
TORCH ?= cpu
# Large studies on one machine: Snakemake looks at all ready jobs once in this time for every finished job (by default in a
# second, to limit submissions, which after hundreds of jobs takes a core); it also ends that much later.
UNHURRIED := --max-jobs-per-timespan 1000/10s
QUICK := si4/decomposition_frame si22/training_curves fig2/metrics_bars \
	fig2/embedding_latents-beta_decvae_fd_centred_dense si18/latent_responses-beta_decvae_fd_centred_dense
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.conda/bin:$(PATH)

.PHONY: quick figures why report gallery study confirmation mini-corpora demo-corpora setup test test-fast test-slow test-docs lint

quick: setup
	snakemake $(QUICK:%=results/figures/%.png) --cores $(CORES) --configfile config/quick.yaml

figures: setup
	snakemake figures --cores $(CORES) $(if $(GPUS),--resources gpu=$(GPUS)) $(if $(CONFIG),--configfile $(CONFIG))

report: setup
	snakemake overview --cores $(CORES) $(if $(CONFIG),--configfile $(CONFIG))
	snakemake overview --report report.html $(if $(CONFIG),--configfile $(CONFIG))

gallery: setup
	snakemake results/gallery/contact_sheet.png --cores $(CORES) $(if $(CONFIG),--configfile $(CONFIG))
	mkdir -p docs/images
	cp results/gallery/contact_sheet.png docs/images/
	sed 's|(contact_sheet.png)|(images/contact_sheet.png)|' results/gallery/gallery.md > docs/gallery.md

study: setup
	snakemake study figures --cores $(CORES) $(UNHURRIED) --configfile config/study_cpu.yaml
	cp results/tables/sim_vowels-*-study.md docs/results.md

confirmation: setup
	snakemake study figures --cores $(CORES) $(UNHURRIED) --configfile config/confirmation.yaml
	cp results/tables/new_speakers-*-study.md docs/confirmation.md

why: setup
	python workflow/lib/why.py figures $(if $(CONFIG),--configfile $(CONFIG))

mini-corpora: setup
	python -m tests.corpora.build results/mini_corpora

demo-corpora: mini-corpora
	snakemake figures --cores $(CORES) --configfile config/mini_corpora.yaml

setup:
	@TORCH=$(TORCH) ./setup.sh

test: lint test-fast test-slow

test-fast: setup
	OMP_NUM_THREADS=1 pytest -n 2 -m "not slow"

test-slow: setup
	pytest -m slow

test-docs: setup
	pytest tests/workflow/test_documents.py tests/workflow/test_environment.py
	pytest --doctest-modules decvae

lint: setup
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check workflow
	snakemake --lint
	Rscript --vanilla -e 'found <- lintr::lint_dir("visualize_R"); print(found); quit(status = length(found) > 0)'
