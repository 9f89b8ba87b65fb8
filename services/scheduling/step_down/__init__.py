"""How clients leave a cohort step by step: to its next phase, or out at the end of a week."""
