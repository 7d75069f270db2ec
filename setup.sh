#!/usr/bin/env bash
# From a bare machine to everything this project needs: Python packages in .venv, and R with its packages.
# Safe to run again: it does nothing when all is in place.
#
#   ./setup.sh               CPU build of torch (the default)
#   TORCH=cuda ./setup.sh    CUDA build of torch
set -euo pipefail
cd "$(dirname "$0")"

TORCH_VERSION=2.13.0
TORCH=${TORCH:-cpu}
R_PACKAGES="ggplot2 jsonlite dplyr tidyr readr patchwork cowplot ggrepel ragg scales viridisLite lintr testthat"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
apt() {
    say "installing with apt: $*"
    if ! DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    fi
}

find_python() {
    local candidate
    for candidate in python3.11 python3.12 python3.13 python3; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

# torch first and apart: PyPI's Linux wheel is a CUDA build of several gigabytes.
install_torch() {
    local pip=.venv/bin/pip
    if [ "$TORCH" = cuda ] || [ "$(uname -s)" != Linux ]; then
        "$pip" install -q "torch==$TORCH_VERSION"
    elif ! "$pip" install -q "torch==$TORCH_VERSION+cpu" 2>/dev/null; then
        "$pip" install -q "torch==$TORCH_VERSION+cpu" --extra-index-url https://download.pytorch.org/whl/cpu
    fi
}

setup_python() {
    local stamp python
    stamp=.venv/.setup-$(cat pyproject.toml requirements.lock setup.sh | cksum | cut -d' ' -f1)-$TORCH
    [ -e "$stamp" ] && return
    python=$(find_python)
    if [ -z "$python" ] && can_apt; then
        apt python3
        python=$(find_python)
    fi
    [ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed and was not found; install one and run again."
    if [ ! -x .venv/bin/pip ] && ! "$python" -m venv .venv 2>/dev/null; then
        can_apt || fail "'$python -m venv .venv' failed; install the venv module (Debian: python3-venv) and run again."
        apt python3-venv
        "$python" -m venv --clear .venv
    fi
    say "installing Python packages into .venv (a few minutes the first time)"
    install_torch
    .venv/bin/pip install -q -c requirements.lock -e '.[workflow,test]'
    rm -f .venv/.setup-*
    touch "$stamp"
}

missing_r_packages() {
    if ! command -v Rscript >/dev/null; then
        echo "$R_PACKAGES"
        return
    fi
    # shellcheck disable=SC2086
    Rscript --vanilla -e 'p <- commandArgs(TRUE); cat(p[!p %in% rownames(installed.packages())])' $R_PACKAGES
}

setup_r() {
    export PATH="$PWD/.conda/bin:$PATH"
    local missing conda package debian=()
    missing=$(missing_r_packages)
    [ -z "$missing" ] && return
    if can_apt; then
        for package in $missing; do debian+=("r-cran-$(echo "$package" | tr '[:upper:]' '[:lower:]')"); done
        apt r-base-core fonts-dejavu-core "${debian[@]}"
    elif conda=$(command -v mamba || command -v micromamba || command -v conda); then
        say "creating .conda from environment.yml for R"
        "$conda" env create -q -y --prefix .conda --file environment.yml
    else
        fail "R packages are missing: $missing. Install R (>= 4.2) and in it:
  install.packages(c($(printf '"%s",' $missing | sed 's/,$//')))
or install conda or mamba and run again, or run as root on Debian or Ubuntu."
    fi
    missing=$(missing_r_packages)
    [ -z "$missing" ] || fail "R packages are still missing: $missing"
}

# Speech for the miniature corpora of the tests and of the demo; nothing else needs it.
setup_speech() {
    .venv/bin/python -c 'import ctypes; ctypes.CDLL("libespeak-ng.so.1")' 2>/dev/null && return
    if can_apt; then
        apt libespeak-ng1 espeak-ng-data
    else
        say "no libespeak-ng.so.1 (Debian: libespeak-ng1): the miniature corpora of the tests cannot be built"
    fi
}

# The loops that numba compiles, so that the first jobs need not; anew when their code or the locked packages change.
setup_kernels() {
    local sources stamp
    sources=$(cat decvae/decomposition/*.py decvae/evaluation/metrics/*.py requirements.lock | cksum | tr ' ' '-')
    stamp=".venv/.kernels-$sources"
    [ -e "$stamp" ] && return
    say "compiling loops (a minute)"
    .venv/bin/python workflow/lib/compile_kernels.py
    rm -f .venv/.kernels-*
    touch "$stamp"
}

setup_python
setup_kernels
setup_r
setup_speech
say "ready: .venv/bin (Python, snakemake) and $(command -v Rscript)"
