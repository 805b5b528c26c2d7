"""Judge cards: what a judge is worth, measured through the pipeline that it judges with."""
