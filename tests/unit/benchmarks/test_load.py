"""What dnsperf prints is read as it prints it."""

import pytest

from benchmarks.load import Counts, read_counts

PRINTED = """
[Status] Testing complete (interruption)

Statistics:

  Queries sent:         9000
  Queries completed:    8970 (99.67%)
  Queries lost:         18 (0.20%)
  Queries interrupted:  12 (0.13%)

  Response codes:       NOERROR 8950 (99.78%), SERVFAIL 15 (0.17%), NXDOMAIN 5 (0.06%)
  Average packet size:  request 35, response 85
"""


def test_counts_are_read() -> None:
    counts = read_counts(PRINTED)

    assert counts == Counts(9_000, 8_970, 18, {"NOERROR": 8_950, "SERVFAIL": 15, "NXDOMAIN": 5})
    assert counts.other_rcodes == 20
    assert counts.lost_share == pytest.approx(0.2)


def test_a_load_that_ended_without_statistics_is_an_error() -> None:
    with pytest.raises(ValueError, match="no such file"):
        read_counts("Error: unable to open file: no such file")
