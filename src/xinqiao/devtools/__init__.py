"""Helpers for people who develop Xinqiao. Nothing of the product imports them."""
