"""The queue between the event loop and the NLP threads: admission, micro-batches, the measured drain rate."""
