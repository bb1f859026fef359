"""What runs after what: fan-out, fan-in, failures, and chains that would never end."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import runs
from jobs.enums import After, JobKind, RunStatus, Trigger
from jobs.models import JobLink, JobRun
from tests.conftest import HOUR, MINUTE, NOON
from tests.jobs.factories import make_job, make_run

pytestmark = pytest.mark.django_db


def chain(*links, **jobs):
    """Jobs by the letters of ``links`` ("ab" is: b after a; "ab!" whatever became of a)."""
    made = {letter: make_job(letter, **jobs.get(letter, {})) for letter in sorted(set("".join(links)) - {"!"})}
    for parent, child, *always in links:
        JobLink.objects.create(parent=made[parent], child=made[child], on=After.ALWAYS if always else After.SUCCESS)
    return made


def end(run, status=RunStatus.SUCCESS, *, at=NOON):
    """Start ``run`` and end it."""
    assert runs.start(run.pk, at=at, worker="") is not None
    return runs.finish(run.pk, status=status, at=at)


def do(job, status=RunStatus.SUCCESS, *, at=NOON):
    """Run ``job`` by hand."""
    return end(make_run(job, at=at), status, at=at)


def waiting(job):
    return job.runs.get(status=RunStatus.QUEUED)


def story(chain_id):
    return [(run.job.slug, run.status) for run in JobRun.objects.filter(chain_id=chain_id).select_related("job").order_by("job__slug")]


def test_each_job_follows_the_one_before_and_the_chain_is_one_story():
    jobs = chain("ab", "bc")

    first = do(jobs["a"])
    end(waiting(jobs["b"]))

    assert story(first.chain_id) == [("a", "success"), ("b", "success"), ("c", "queued")]
    assert waiting(jobs["c"]).parent.job == jobs["b"]
    assert waiting(jobs["c"]).trigger == Trigger.CHAIN


def test_several_follow_one():
    jobs = chain("ab", "ac", "ad!")

    first = do(jobs["a"], RunStatus.WARNING)

    assert story(first.chain_id) == [("a", "warning"), ("b", "queued"), ("c", "queued"), ("d", "queued")]


def test_one_waits_for_several():
    jobs = chain("ab", "ac", "bd", "cd")
    first = do(jobs["a"])

    end(waiting(jobs["b"]))
    assert not jobs["d"].runs.exists()
    end(waiting(jobs["c"]))

    assert story(first.chain_id)[-1] == ("d", "queued")


def test_a_longer_way_is_waited_for():
    jobs = chain("ab", "bd", "ad")
    do(jobs["a"])
    assert not jobs["d"].runs.exists()

    end(waiting(jobs["b"]))

    assert waiting(jobs["d"])


def test_jobs_that_begin_by_themselves_are_waited_for_too():
    jobs = chain("ac", "bc")

    do(jobs["a"], at=NOON)
    assert not jobs["c"].runs.exists()
    do(jobs["b"], at=NOON + MINUTE)
    end(waiting(jobs["c"]), at=NOON + 2 * MINUTE)
    do(jobs["a"], at=NOON + HOUR)

    assert jobs["c"].runs.count() == 1


def test_what_failed_leaves_its_followers_skipped_with_the_reason():
    jobs = chain("ab", "bc", "cd")

    first = do(jobs["a"], RunStatus.ERROR)

    assert story(first.chain_id) == [("a", "error"), ("b", "skipped"), ("c", "skipped"), ("d", "skipped")]
    assert jobs["b"].runs.get().reason == "It runs only after the success of: A (error)."
    assert jobs["d"].runs.get().reason == "It runs only after the success of: C (skipped)."


def test_what_runs_always_runs_after_a_failure_and_after_a_skip():
    jobs = chain("ab", "ac!", "bd!")

    first = do(jobs["a"], RunStatus.ERROR)

    assert story(first.chain_id) == [("a", "error"), ("b", "skipped"), ("c", "queued"), ("d", "queued")]


def test_an_orphan_counts_as_failed():
    jobs = chain("ab")
    run = runs.start(make_run(jobs["a"]).pk, at=NOON, worker="")

    runs.orphan(run.pk, at=NOON + HOUR, reason="", silent_since=NOON + HOUR)

    assert jobs["b"].runs.get().status == RunStatus.SKIPPED


def test_followers_wait_for_the_last_try():
    jobs = chain("ab", a={"retries": 1})
    do(jobs["a"], RunStatus.ERROR)
    assert not jobs["b"].runs.exists()

    end(waiting(jobs["a"]), at=NOON + HOUR)

    assert waiting(jobs["b"])


def test_one_of_several_that_failed_is_run_again_by_hand_and_the_rest_goes_on():
    jobs = chain("ac", "bc")
    do(jobs["a"], RunStatus.ERROR, at=NOON)
    do(jobs["b"], at=NOON + MINUTE)
    assert jobs["c"].runs.get().status == RunStatus.SKIPPED

    do(jobs["a"], at=NOON + HOUR)

    assert waiting(jobs["c"])


ENDS = (RunStatus.SUCCESS, RunStatus.WARNING, RunStatus.ERROR)
dags = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 5), st.booleans()).filter(lambda link: link[0] < link[1]), min_size=1, max_size=10
)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(links=dags, ends=st.lists(st.sampled_from(ENDS), min_size=6, max_size=6), order=st.randoms(use_true_random=False))
def test_whatever_follows_what_each_job_of_a_chain_has_one_run_and_the_right_one(links, ends, order):
    kinds = {(0 if not any(other[1] == parent for other in links) else parent, child): always for parent, child, always in links}
    with transaction.atomic():
        jobs = [make_job(f"job-{n}") for n in range(6)]
        for (parent, child), always in kinds.items():
            JobLink.objects.create(parent=jobs[parent], child=jobs[child], on=After.ALWAYS if always else After.SUCCESS)
        first = make_run(jobs[0])
        while pending := list(JobRun.objects.filter(status=RunStatus.QUEUED).order_by("pk")):
            run = order.choice(pending)
            end(run, ends[jobs.index(run.job)])

        found = [sorted(job.runs.values_list("status", "chain_id")) for job in jobs]
        transaction.set_rollback(True)
    assert found == [[(status, first.chain_id)] if status else [] for status in expected(kinds, ends)]


def expected(kinds, ends):
    """What becomes of each job, worked out the other way round: from each to those it follows."""
    found = [ends[0]]
    for child in range(1, 6):
        before = [(found[parent], always) for (parent, its), always in kinds.items() if its == child]
        runs_now = all(always or status in (RunStatus.SUCCESS, RunStatus.WARNING) for status, always in before)
        found.append((ends[child] if runs_now else RunStatus.SKIPPED) if before else None)
    return found


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"enabled": False}, "It is switched off."), ({"paused_until": NOON + HOUR}, "It is paused until 2026-03-02 13:00 UTC.")],
)
def test_a_follower_that_is_held_is_skipped_with_the_reason(fields, reason):
    jobs = chain("ab", b=fields)

    do(jobs["a"])

    assert jobs["b"].runs.get().reason == reason


def test_an_external_run_is_followed():
    outside = make_job("outside", kind=JobKind.EXTERNAL)
    after = make_job("after")
    JobLink.objects.create(parent=outside, child=after)

    runs.report(outside, status=RunStatus.SUCCESS, at=NOON, started_at=NOON)

    assert waiting(after)


@pytest.mark.parametrize(("link", "status"), [("bc", RunStatus.SKIPPED), ("bc!", RunStatus.QUEUED)])
def test_a_job_that_is_switched_off_is_not_waited_for(link, status):
    jobs = chain("ac", link, b={"enabled": False})

    do(jobs["a"])

    run = jobs["c"].runs.get()
    assert (run.status, "(skipped)" in run.reason) == (status, status == RunStatus.SKIPPED)


def orphaned(job):
    run = runs.start(make_run(job).pk, at=NOON, worker="")
    runs.orphan(run.pk, at=NOON + HOUR, reason="", silent_since=NOON + HOUR)
    return run


def test_when_an_orphan_succeeded_after_all_what_was_skipped_for_it_runs():
    jobs = chain("ab", "bd", "ac", "cd")
    run = orphaned(jobs["a"])

    runs.finish(run.pk, status=RunStatus.SUCCESS, at=NOON + HOUR)
    for letter in "bcd":
        end(waiting(jobs[letter]))

    done = JobRun.objects.filter(chain_id=run.chain_id, status=RunStatus.SUCCESS).values_list("job__slug", flat=True)
    assert sorted(done) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("status", [RunStatus.ERROR, RunStatus.SUCCESS])
def test_a_late_word_of_an_orphan_starts_nothing_that_ran_since_or_that_needs_a_success(status):
    jobs = chain("ab")
    run = orphaned(jobs["a"])
    if status == RunStatus.SUCCESS:
        do(jobs["b"])

    runs.finish(run.pk, status=status, at=NOON + HOUR)

    assert list(jobs["b"].runs.filter(chain_id=run.chain_id).values_list("status", flat=True)) == [RunStatus.SKIPPED]


def test_a_follower_that_is_switched_off_while_it_waits_has_its_followers_skipped():
    jobs = chain("ab", "bc", "bd!")
    chain_id = do(jobs["a"]).chain_id
    run = waiting(jobs["b"])
    jobs["b"].enabled = False
    jobs["b"].save()

    assert runs.start(run.pk, at=NOON, worker="") is None

    assert story(chain_id) == [("a", "success"), ("b", "skipped"), ("c", "skipped"), ("d", "queued")]


@pytest.mark.parametrize("closing", ["ba", "ca", "da"])
def test_a_chain_that_would_never_end_is_refused(closing):
    jobs = chain("ab", "bc", "cd")

    with pytest.raises(ValidationError, match="never end"):
        JobLink.objects.create(parent=jobs[closing[0]], child=jobs[closing[1]])


def test_an_external_job_follows_nothing():
    with pytest.raises(ValidationError, match="external"):
        JobLink.objects.create(parent=make_job("a"), child=make_job("b", kind=JobKind.EXTERNAL))


@pytest.mark.django_db(transaction=True)
def test_two_that_end_at_once_start_the_one_that_waits_for_both():
    jobs = chain("ac", "bc", "bd", "dc")
    ready = [runs.start(make_run(jobs[letter]).pk, at=NOON, worker="") for letter in "ab"]

    def finish(run):
        runs.finish(run.pk, status=RunStatus.ERROR, at=NOON)
        connections.close_all()

    threads = [threading.Thread(target=finish, args=(run,)) for run in ready]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [jobs[letter].runs.get().status for letter in "cd"] == [RunStatus.SKIPPED] * 2


@pytest.mark.django_db(transaction=True)
def test_of_two_links_that_close_a_circle_at_once_one_is_refused():
    jobs, refused = {letter: make_job(letter) for letter in "ab"}, []

    def link(parent, child):
        try:
            JobLink.objects.create(parent=jobs[parent], child=jobs[child])
        except ValidationError as error:
            refused.append(error)
        connections.close_all()

    threads = [threading.Thread(target=link, args=pair) for pair in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (JobLink.objects.count(), len(refused)) == (1, 1)
