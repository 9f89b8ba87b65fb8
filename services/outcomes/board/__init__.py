"""The region board: how the sites stand now, in figures that lead to the lists behind them."""
