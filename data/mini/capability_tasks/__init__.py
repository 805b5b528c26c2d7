"""The capability tasks of world 0 as lm-eval reads them: `lm_eval --include_path` this folder."""
