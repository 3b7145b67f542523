# The floors above the trace: measure, workload, run, report.
fb_run_sources =
