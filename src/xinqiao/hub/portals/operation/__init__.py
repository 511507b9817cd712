"""The operator portal: nodes, institutions, checkpoints, refusals, health. The auditor reads here too."""
