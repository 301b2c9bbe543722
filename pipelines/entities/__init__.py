"""Entities and sentence boundaries: spaCy's pipeline, its tokenizer's rules, and the two engines that compute them."""
