"""The operator's verbs, one file each; they print and set the exit code, and decide nothing else."""
