"""What several tests share: real processes, browsers, fakes, sample requests, random models."""
