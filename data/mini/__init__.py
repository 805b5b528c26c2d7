"""The built-in miniature world: skills, harmful requests and facts; one description makes corpus, tasks and truth."""
