"""Objects for Kubernetes that follow from the code, for the operators that act on them."""
