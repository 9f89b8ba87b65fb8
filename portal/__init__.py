"""The staff portal: a backend for the browser on the public APIs. It knows no service's code."""
