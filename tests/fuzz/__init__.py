"""Wrong things given to everything public: each call ends in an answer or an explanation.

``python -m tests.fuzz --calls 50000`` is the long run; `test_fuzz.py` does a short one.
"""
