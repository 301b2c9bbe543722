"""The alerts, the dashboard and the queries of the docs, by Prometheus' and Grafana's own means."""
