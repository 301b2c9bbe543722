"""The service's HTTP: protocol, middleware, API keys, bodies, deadlines, responses, the OpenAPI document."""
