# SPDX-License-Identifier: Apache-2.0
"""What the quick start, the integration tests and the benchmarks share: a real model server in a cgroup and network
namespace of its own, the daemon on it, acts with a known truth, and the alerts that came of them. Standard library only."""
