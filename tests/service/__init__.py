"""Tests of the service, in the folders of the service."""
