use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A schedule that begins now, with the default settings.
fn schedule() -> (Schedule, Settings, Instant) {
    let (settings, now) = (Settings::default(), Instant::now());
    (Schedule::new(&settings, now), settings, now)
}

/// In seconds.
fn from(now: Instant, at: Option<Instant>) -> Option<f64> {
    at.map(|at| at.saturating_duration_since(now).as_secs_f64())
}

#[test]
fn two_fetches_at_once_and_one_more_every_15_seconds() {
    let (mut schedule, settings, now) = schedule();
    // Milliseconds, and whether a fetch is left then.
    let steps = [
        (0, true),
        (0, true),
        (0, false),
        (14_999, false),
        (15_000, true),
        (15_001, false),
        (29_999, false),
        (30_000, true),
        (30_000, false),
        // Half a minute fills it, and longer does not fill it further.
        (60_000, true),
        (60_000, true),
        (60_000, false),
        (6_000_000, true),
        (6_000_000, true),
        (6_000_000, false),
        (6_015_000, true),
        (6_015_000, false),
    ];
    for (step, (at, left)) in steps.into_iter().enumerate() {
        let verdict = schedule.on_unknown(&settings, now + Duration::from_millis(at));
        assert_eq!(verdict == Verdict::Fetch, left, "step {step}, at {at} ms: {verdict:?}");
    }
}

#[test]
fn a_bucket_that_is_not_full_keeps_the_time_it_has_waited() {
    let (mut schedule, settings, now) = schedule();
    let mut take = |at| matches!(schedule.on_unknown(&settings, now + at * SECOND), Verdict::Fetch);
    assert!(take(0) && take(0));
    // One came at 15, and the next is on its way since then, whenever somebody looks.
    assert!(take(29));
    assert!(take(30));
    assert!(!take(44));
    assert!(take(45));
}

#[test]
fn without_a_fetch_half_a_minute_tells_401_from_503() {
    // Whether a fetch is left, whether it is backed off, the age of the last good answer, and what follows.
    let cases = [
        (true, false, Some(0), Verdict::Fetch),
        (true, false, Some(31), Verdict::Fetch),
        (true, false, None, Verdict::Fetch),
        (false, false, Some(0), Verdict::Absent),
        (false, false, Some(30), Verdict::Absent),
        (false, false, Some(31), Verdict::Unavailable(15 * SECOND)),
        (false, false, None, Verdict::Unavailable(15 * SECOND)),
        (true, true, Some(0), Verdict::Absent),
        (true, true, Some(30), Verdict::Absent),
        (true, true, Some(31), Verdict::Unavailable(7 * SECOND)),
        (true, true, None, Verdict::Unavailable(7 * SECOND)),
        (false, true, Some(30), Verdict::Absent),
        (false, true, Some(31), Verdict::Unavailable(7 * SECOND)),
    ];
    for (number, (left, backing_off, age, expected)) in cases.into_iter().enumerate() {
        let (mut schedule, settings, began) = schedule();
        let now = began + 100 * SECOND;
        if !left {
            for _ in 0..2 {
                assert_eq!(schedule.on_unknown(&settings, now), Verdict::Fetch);
            }
        }
        schedule.last_good = age.map(|age| now - age * SECOND);
        schedule.retry_at = backing_off.then(|| now + 7 * SECOND);
        assert_eq!(schedule.on_unknown(&settings, now), expected, "case {number}");
        let untouched = schedule.bucket.tokens == if left { 2 } else { 0 };
        assert!(!backing_off || untouched, "case {number}: a back-off takes nothing");
    }
}

#[test]
fn a_failure_is_backed_off_from_for_ever_longer() {
    for _ in 0..100 {
        let (mut schedule, settings, now) = schedule();
        for n in 0..100 {
            let due = 2_f64.powi(n).min(60.0);
            schedule.failed(now, &settings);
            let wait = from(now, schedule.next()).unwrap();
            let bounds = due * 0.9 - 0.001..=(due * 1.1).min(60.0) + 0.001;
            assert!(bounds.contains(&wait), "failure {n}: {wait} s");
            let Verdict::Unavailable(said) = schedule.on_empty(now) else { panic!("no back-off") };
            assert!((said.as_secs_f64() - wait).abs() < 0.001, "failure {n}");
            assert_eq!(schedule.on_empty(now + said), Verdict::Fetch, "failure {n}");
        }
        schedule.good(now, 300 * SECOND, false);
        assert_eq!(schedule.on_empty(now), Verdict::Fetch, "a good answer ends it");
        schedule.failed(now, &settings);
        let Verdict::Unavailable(rest) = schedule.on_empty(now) else { panic!("no back-off") };
        assert!(rest <= SECOND * 11 / 10, "and the next begins anew: {rest:?}");
    }
}

#[test]
fn the_back_off_counts_from_the_question() {
    let (mut schedule, settings, now) = schedule();
    schedule.failed(now, &settings);
    assert_eq!(schedule.on_empty(now + 2 * SECOND), Verdict::Fetch);
    assert!(matches!(schedule.on_empty(now + SECOND / 2), Verdict::Unavailable(_)));
}

#[test]
fn the_refresh_is_due_at_four_fifths_give_or_take_a_tenth() {
    let (mut least, mut most) = (f64::MAX, f64::MIN);
    for _ in 0..1000 {
        let (mut schedule, _, now) = schedule();
        schedule.good(now, 100 * SECOND, false);
        let next = from(now, schedule.next()).unwrap();
        (least, most) = (least.min(next), most.max(next));
    }
    assert!((72.0..73.0).contains(&least) && (87.0..=88.0).contains(&most), "{least} to {most}");
}

#[test]
fn strangers_bring_the_refresh_forward_and_never_put_it_off() {
    let (mut schedule, _, now) = schedule();
    schedule.good(now, 300 * SECOND, false);
    let planned = schedule.next();
    schedule.good(now + 200 * SECOND, 300 * SECOND, true);
    assert_eq!(schedule.next(), planned);
    schedule.good(now, 60 * SECOND, true);
    assert!(schedule.next() < planned, "a shorter freshness counts");
    schedule.good(now + 200 * SECOND, 300 * SECOND, false);
    assert!(schedule.next() > planned, "the scheduled one plans the next");
}

#[test]
fn a_refresh_that_is_due_waits_for_the_back_off() {
    let (mut schedule, settings, now) = schedule();
    assert_eq!(schedule.next(), None);
    schedule.good(now, 300 * SECOND, false);
    schedule.failed(now + 100 * SECOND, &settings);
    let next = from(now, schedule.next()).unwrap();
    assert!((216.0..=264.0).contains(&next), "not due yet: {next}");
    schedule.failed(now + 270 * SECOND, &settings);
    let next = from(now, schedule.next()).unwrap();
    assert!((271.7..=272.3).contains(&next), "due, and backed off from: {next}");
}

#[test]
fn names_are_remembered_until_they_are_old_or_too_many() {
    let (mut schedule, mut settings, now) = schedule();
    settings.absent_capacity = 2;
    schedule.remember_absent(1, &settings, now);
    schedule.remember_absent(2, &settings, now + SECOND);
    schedule.remember_absent(3, &settings, now + 2 * SECOND);
    let remembered = |schedule: &Schedule, at: u32| {
        [1, 2, 3, 4].map(|kid| schedule.is_absent(kid, now + at * SECOND))
    };
    assert_eq!(remembered(&schedule, 2), [true, true, false, false], "the third finds no place");
    assert_eq!(remembered(&schedule, 14), [true, true, false, false]);
    assert_eq!(remembered(&schedule, 15), [false, true, false, false], "the first is old");
    schedule.remember_absent(4, &settings, now + 15 * SECOND);
    assert_eq!(remembered(&schedule, 15), [false, true, false, true], "and makes room");
    schedule.new_set();
    assert_eq!(remembered(&schedule, 15), [false; 4]);
}
