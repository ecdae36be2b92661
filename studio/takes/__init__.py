"""Takes over time: their states, the ledger, the budget, the runner and the desk. Never knows of pages or wires."""
