"""An OpenAI-compatible server of ours: answers by a policy, misbehaves on order, and counts what it was asked."""
