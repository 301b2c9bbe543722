"""`spanwise bulk report`: one HTML page about a folder of analyses. Importing this package imports nothing."""
