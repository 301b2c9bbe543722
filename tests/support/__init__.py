"""What several tests share: real processes, browsers, fakes, sample requests, made-up models."""
