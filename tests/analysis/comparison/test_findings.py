from __future__ import annotations

import dataclasses

from layerbench.analysis.comparison.compare import compare_results
from layerbench.analysis.comparison.findings import findings, size_causes
from layerbench.analysis.comparison.models import Comparison, Side
from tests.analysis.comparison.factory import compare, edited, larger, noisy, result, slower, uncached
from tests.report.anatomy import factory as anatomy
from tests.results.factory import fail


def test_nothing_stands_out_of_equal_runs() -> None:
    found = compare(noisy(result(), 1), noisy(result(), 2))
    [sentence] = findings(found)
    assert sentence.startswith("No difference ")
    [sentence] = findings(compare(result(rounds=1), slower(result(rounds=1), 2)))
    assert sentence == "No difference stands out in bytes or cached steps; the times leave it open."


def test_time_with_its_cause_comes_first_and_once_for_each_cause() -> None:
    whole = noisy(edited(edited(result("naive", "single"))))
    told = findings(compare(whole, whole, "naive", "single"))
    assert told[0].startswith("After a source edit, single rebuilds 9.")
    assert "x faster than naive (" in told[0]
    assert ": naive runs pip install again (2.7" in told[0]
    assert sum("pip install again" in sentence for sentence in told) == 1
    back = findings(compare(whole, whole, "single", "naive"))
    assert "naive takes 9." in back[0]
    assert "x as long to rebuild as single" in back[0]


def test_a_variant_that_one_side_could_not_build_is_told_of_first() -> None:
    base = larger(result("single", "multi", rounds=2), 5_000_000, 5_100_000)
    head = result("single", "multi", rounds=2)
    for scenario in dict.fromkeys(build.scenario for build in head.builds):
        head = fail(head, "multi", scenario)
    told = findings(compare(base, head))
    count = sum(build.variant == "multi" for build in head.builds)
    assert told[0] == f"Nothing is known of head's multi: all {count} builds failed or did not count."
    assert "5.0 MB smaller" in told[1]
    assert findings(compare(head, base, "multi", "multi"))[0].startswith("Nothing is known of base's multi")


def test_a_lost_step_is_told_of_where_no_time_is_claimed() -> None:
    base = result(rounds=1)
    told = findings(compare(base, uncached(base, "pip install", "edit-source")))
    assert told == ("After a source edit, head ran pip install (2.50 s), which base had cached.",)
    told = findings(compare(uncached(base, "pip install", "edit-source"), base))
    assert told == ("After a source edit, base ran pip install (2.50 s), which head had cached.",)


def test_size_is_told_of_once_with_both_figures() -> None:
    base = result(rounds=1)
    told = findings(compare(base, larger(base, 5_000_000, 5_100_000)))
    assert told == ("The image of head is 5.0 MB larger compressed than that of base (107.2 MB -> 112.2 MB, +5%).",)
    told = findings(compare(larger(base, 5_000_000, 5_100_000), base))
    assert told == ("The image of head is 5.0 MB smaller compressed than that of base (112.2 MB -> 107.2 MB, -4%).",)


def test_what_time_stamps_make_of_the_bytes_is_no_finding() -> None:
    base = result(rounds=1)
    assert findings(compare(base, larger(base, 900, 0)))[0].startswith("No difference stands out")


def test_several_variants_are_told_apart() -> None:
    base = result("single", "multi", rounds=1)
    told = findings(compare(base, larger(base, 5_000_000, 0)))
    assert sorted(sentence[:35] for sentence in told) == [
        "The image of head's multi is 5.0 MB",
        "The image of head's single is 5.0 M",
    ]


def test_a_deploy_that_transfers_more_is_told_of() -> None:
    base = edited(result(rounds=1))
    head = edited(result(rounds=1), "COPY requirements.txt .")
    told = findings(compare(base, head))
    assert told == ("After a source edit, a deploy of head transfers 19.2 MB, one of base 1.2 kB.",)


def test_at_most_three() -> None:
    names = ("naive", "single", "multi", "multi-no-mounts")
    base = edited(result(*names, rounds=1))
    assert len(findings(compare(base, larger(uncached(base, "pip install"), 9_000_000, 9_000_000)))) == 3


def test_causes_are_named_by_package_by_file_and_by_folder() -> None:
    diff = dataclasses.replace(anatomy.single_to_multi(), uncompressed_bytes_delta=5_200_000)
    package = anatomy.PackageDelta("python", "numpy", "x", "2.1.0", "2.2.1", 600_000)
    big = anatomy.PathDelta("app/data/big.bin", "added", 4_500_000, None)
    folder = anatomy.PathDelta("app/data", "added", 4_600_000, None)
    found = dataclasses.replace(diff, packages=(package,), unowned=(folder,), files=(big,))
    assert size_causes(found) == ("/app/data/big.bin (+4.6 MB)", "numpy 2.1.0 -> 2.2.1 (+600.0 kB)")
    many = tuple(anatomy.PathDelta(f"app/data/{at}", "added", 46_000, None) for at in range(100))
    assert size_causes(dataclasses.replace(found, files=many))[0] == "/app/data (+4.6 MB)"
    assert size_causes(None) == ()
    for before, after, expected in (
        (None, "1.0", "numpy 1.0 added (+5.0 MB)"),
        ("1.0", "1.0", "numpy 1.0 (+5.0 MB)"),
    ):
        one = anatomy.PackageDelta("python", "numpy", "x", before, after, 5_000_000)
        assert size_causes(dataclasses.replace(diff, packages=(one,), unowned=())) == (expected,)


def test_no_pairs_no_sentence() -> None:
    side = Side("x", result(rounds=1))
    assert findings(Comparison(side, side, (), ())) == ()
    assert compare_results(side, side).pairs != ()


def test_one_step_in_many_variants_hides_no_megabytes() -> None:
    names = ("naive", "single", "multi", "multi-no-mounts")
    base = result(*names, rounds=1)
    told = findings(compare(base, larger(uncached(base, "pip install", "touch"), 5_000_000, 0)))
    assert len(told) == 3
    assert sum("pip install" in sentence for sentence in told) == 2
    assert sum("larger compressed" in sentence for sentence in told) == 1


def test_a_size_is_explained_only_by_what_goes_the_same_way() -> None:
    base = result(rounds=1)
    package = anatomy.PackageDelta("python", "numpy", "x", None, "2.2.1", 5_000_000)
    diff = dataclasses.replace(anatomy.single_to_multi(), uncompressed_bytes_delta=5_000_000, packages=(package,))

    def told(compressed: int) -> str:
        found = compare(base, larger(base, compressed, 5_000_000))
        pairs = tuple(dataclasses.replace(pair, diff=diff) for pair in found.pairs)
        return findings(dataclasses.replace(found, pairs=pairs))[0]

    assert told(5_000_000).endswith("+5%): numpy 2.2.1 added (+5.0 MB).")
    assert told(-5_000_000).endswith("-5%).")
