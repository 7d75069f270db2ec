"""Variational decomposition autoencoders (DecVAE): corpora, decomposition, models, training and evaluation."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("decvae")
except PackageNotFoundError:  # used from a checkout that was never installed
    __version__ = "0.1.0+source"
