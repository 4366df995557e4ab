"""Running it: configuration, supervisor and children, compilation of orders, control socket, metrics, logs."""
