"""An independent computation of every figure from the raw journals.

Pure Python over JSON: it shares no code with the services, not even their contracts. What it knows
are the rules as docs/ states them; what no event carries (payers' grants, policies) comes in as it
was answered over HTTP.
"""
