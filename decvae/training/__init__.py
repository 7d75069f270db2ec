"""The training loop, pretraining, fine-tuning and transfer."""
