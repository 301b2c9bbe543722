"""The documentation site: what is needed to build it from docs/, and the page of endpoints that openapi.json gives."""
