"""Inputs of the models, made from decomposed frames and sequences."""
