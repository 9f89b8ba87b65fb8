"""Charts: a client's course by each measure, as numbers, as a Vega-Lite spec and as a picture."""
