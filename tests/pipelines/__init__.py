"""Tests of `spanwise.pipelines`."""
