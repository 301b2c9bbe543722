"""Steps that requests, batches and streams share: choose a document's pipeline, build its result."""
