"""Reference solutions, one module per unit: what a student must not see."""
