"""Quality and supply: figures of what sources supply, the league table, monthly reports, feedback, coordination tickets."""
