"""The institution portal: work queue, firms, requests, reports shown by the hub, records, people, keys."""
