"""Corpora: readers and generators that write one HDF5 corpus format (see :mod:`decvae.corpora.store`)."""
