"""The connections of a worker: how many there may be, how long they may wait, and how much may wait for readers."""
