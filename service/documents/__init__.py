"""What single requests, batches and streams do alike with a document: choose its pipeline, and build its result."""
