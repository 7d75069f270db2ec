"""Metrics of disentanglement: one file per metric, a pure function of codes and factors each."""
