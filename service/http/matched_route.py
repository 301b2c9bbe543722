"""Find the route of a request that middleware refuses, so that the log and the metrics can name its operation."""

from starlette.routing import Match
from starlette.types import Scope


def match_route(scope: Scope) -> None:
    """Put the route that would have served this request into its scope, as the router does."""
    for route in scope["app"].router.routes:
        match, found = route.matches(scope)
        if match is Match.FULL:
            scope.update(found)
            return
