"""The bases of world 0, as `lifealign base build mini` and `mini-neox` made them; `base.json` is each one's card."""
