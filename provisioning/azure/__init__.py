"""The only place that speaks to Azure: what an answer means, and the clients that ask."""
