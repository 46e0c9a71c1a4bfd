"""How a model is made and judged: the split by time, the pipeline, its metrics and plots."""
