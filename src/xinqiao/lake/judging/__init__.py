"""Conditions judged by columns: many products for one firm, or one policy for all firms."""
