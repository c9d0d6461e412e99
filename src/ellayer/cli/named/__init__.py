"""``ellayer train NAME``: the notes' networks on a named data set, beside one without a hidden layer."""
