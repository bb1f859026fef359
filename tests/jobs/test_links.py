from jobs import links


def test_jobs_that_belong_together_are_one_chain_in_their_order():
    assert links.chains([("b", "d"), ("a", "b"), ("a", "c"), ("c", "d"), ("x", "y")]) == [["a", "b", "c", "d"], ["x", "y"]]
