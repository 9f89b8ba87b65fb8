"""How clients want to be reached: the only addresses kept outside intake."""
