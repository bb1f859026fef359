"""Measures Sentinel, everything running on real parts, beside its peers. See docs/benchmarks.md."""
