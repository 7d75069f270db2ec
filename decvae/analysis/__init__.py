"""Latent responses to controlled factors, and maps of latents."""
