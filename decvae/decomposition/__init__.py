"""Decomposition of signals into oscillatory components (OCs): filter bank, EWT, VMD and EMD."""
