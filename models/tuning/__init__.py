"""Search for better parameters of the trees, by backtests."""
