"""How many learners one lab machine carries: ``python -m tests.load``. No part of the tests."""
