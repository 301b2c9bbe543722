"""HTTP as the service speaks it: protocol, middleware, keys, bodies, deadlines, responses, the OpenAPI document."""
