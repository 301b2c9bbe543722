"""Features: what a caller may ask of an answer. `feature_table.py` has a row for each, `*_section.py` write them."""

from spanwise.pipelines.features.feature_table import FEATURES, FeatureRow, console_tables, features_offered, recipe_of

__all__ = ["FEATURES", "FeatureRow", "console_tables", "features_offered", "recipe_of"]
