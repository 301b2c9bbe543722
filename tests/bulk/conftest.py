"""The tests of corpora need Arrow and Ray, which `make bulk-test` installs into an environment of their own."""

import os

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
