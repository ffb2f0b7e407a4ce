from __future__ import annotations

from typing import Any

import pytest

from tui.runtime.wire.stats import StatsDecoder, cpu_percent, has_ended, memory_used, rate

SECOND = 1_000_000_000


def sample(second: int, cpu: int, **more: Any) -> dict[str, Any]:
    """A message as dockerd sends it, `cpu` nanoseconds used on a host of two cores."""
    return {
        "read": f"2024-05-01T12:00:{second:02d}.000000001Z",
        "id": "abc",
        "cpu_stats": {
            "cpu_usage": {"total_usage": cpu},
            "system_cpu_usage": 2 * second * SECOND,
            "online_cpus": 2,
            "throttling_data": {"throttled_time": 7},
        },
        "memory_stats": {"usage": 1000, "limit": 4000, "stats": {"total_inactive_file": 200}},
        "pids_stats": {"current": 3},
        **more,
    }


def before(second: int, cpu: int) -> dict[str, Any]:
    return {"precpu_stats": {"cpu_usage": {"total_usage": cpu}, "system_cpu_usage": 2 * second * SECOND}}


def test_cpu_is_per_cent_of_one_core_as_docker_stats_has_it() -> None:
    # Half a core-second in a second, on two cores.
    got = StatsDecoder("x").decode(sample(11, SECOND) | before(10, SECOND // 2))
    assert got.cpu_percent == pytest.approx(50.0)
    assert (got.id, got.cpus, got.pids, got.throttled_ns, got.cpu_total_ns) == ("abc", 2, 3, 7, SECOND)
    assert (got.memory, got.memory_limit, got.memory_percent) == (800, 4000, 20.0)


def test_the_first_sample_has_no_cpu_and_no_rates() -> None:
    got = StatsDecoder("x").decode(sample(10, 5) | {"precpu_stats": {"cpu_usage": {"total_usage": 0}}})
    assert got.cpu_percent is None
    assert (got.net_rx_rate, got.block_write_rate) == (None, None)


def test_the_sample_before_stands_in_for_a_missing_one() -> None:
    decoder = StatsDecoder("x")
    decoder.decode(sample(10, 0))
    assert decoder.decode(sample(12, SECOND)).cpu_percent == pytest.approx(50.0)


def test_network_is_the_sum_of_all_interfaces_and_blocks_of_all_devices() -> None:
    decoder = StatsDecoder("x")
    first: dict[str, Any] = {
        "networks": {"eth0": {"rx_bytes": 1, "tx_bytes": 2}, "eth1": {"rx_bytes": 10, "tx_bytes": 20}},
        "blkio_stats": {
            "io_service_bytes_recursive": [
                {"op": "Read", "value": 5},
                {"op": "write", "value": 6},
                {"op": "Total", "value": 99},
                {"op": "read", "value": 1},
            ]
        },
    }
    got = decoder.decode(sample(10, 0, **first))
    assert (got.net_rx, got.net_tx, got.block_read, got.block_write) == (11, 22, 6, 6)
    then = decoder.decode(sample(12, 0, networks={"eth0": {"rx_bytes": 111, "tx_bytes": 22}}))
    assert (then.net_rx_rate, then.net_tx_rate) == (50.0, 0.0)
    assert then.block_read_rate is None  # the counter has gone back


def test_a_restarted_counter_gives_no_figure() -> None:
    assert cpu_percent(-1, 10, 2) is None
    assert cpu_percent(1, 0, 2) is None
    assert rate(10, 5, 1.0) is None
    assert rate(5, 10, None) is None


def test_a_clock_that_stands_still_gives_no_rate() -> None:
    decoder = StatsDecoder("x")
    decoder.decode(sample(10, 0, networks={"e": {"rx_bytes": 1}}))
    assert decoder.decode(sample(10, 0, networks={"e": {"rx_bytes": 9}})).net_rx_rate is None


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        ({"usage": 1000, "stats": {"total_inactive_file": 300, "inactive_file": 1}}, 700),  # cgroup v1
        ({"usage": 1000, "stats": {"inactive_file": 300}}, 700),  # v2
        ({"usage": 100, "stats": {"inactive_file": 300}}, 100),
        ({"usage": 100}, 100),
        ({"usage": 100, "stats": None}, 100),
        ({}, 0),
    ],
)
def test_memory_is_without_the_page_cache(memory: dict[str, Any], expected: int) -> None:
    assert memory_used(memory) == expected


def test_a_sparse_message_decodes() -> None:
    got = StatsDecoder("mine").decode({"networks": None, "blkio_stats": {"io_service_bytes_recursive": None}})
    assert (got.id, got.time, got.cpus, got.memory, got.memory_percent) == ("mine", None, 1, 0, None)
    assert StatsDecoder("x").decode({"cpu_stats": {"cpu_usage": {"percpu_usage": [1, 2, 3]}}}).cpus == 3


def test_the_empty_messages_after_the_end() -> None:
    assert has_ended({"read": "0001-01-01T00:00:00Z", "pids_stats": {}})
    assert has_ended({"read": "2024-05-01T12:00:00Z", "cpu_stats": {"cpu_usage": {"total_usage": 0}}})
    assert not has_ended(sample(1, 1))
