"""The safety classifier of world 0, made by `benchmark.safety.classifier_training`; `classifier.json` is its card."""
