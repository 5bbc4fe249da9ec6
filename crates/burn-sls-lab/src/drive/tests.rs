use super::*;

/// Squares numbers. 3 cannot be squared, and at 100 the user stops.
struct Squares<const SHOWS: bool>;

impl<const SHOWS: bool> Task for Squares<SHOWS> {
    type Run = u32;
    type Made = (u32, Place);
    const SHOWS_PROGRESS: bool = SHOWS;

    fn name(&self, run: &u32) -> String {
        format!("run {run}")
    }

    fn kind(&self, run: &u32) -> String {
        (run % 2).to_string()
    }

    fn make(&self, run: &u32, place: Place) -> Result<(u32, Place), Failed> {
        match run {
            3 => Err(Failed::Run("odd".to_string())),
            100 => Err(Failed::Interrupted),
            200 => Err(Failed::All(LabError::usage("too many"))),
            run => Ok((run * run, place)),
        }
    }

    fn took(&self, _: &(u32, Place), _: Duration) -> Duration {
        Duration::from_secs(10)
    }
}

type Made = Vec<(String, u32, u32, Option<Duration>)>;

/// Two runs before, and one of even kind after.
fn driven<const SHOWS: bool>(runs: &[u32], jobs: usize) -> (Made, Result<Driven, LabError>) {
    let (mut kept, mut seen) = (Vec::new(), Durations::default());
    let around = Around {
        before: 2,
        after: vec!["0".to_string()],
    };
    let task = Squares::<SHOWS>;
    let keep = |title: &str, run: &u32, (made, place): (u32, Place)| {
        kept.push((title.to_string(), *run, made, place.rest));
        Ok(())
    };
    let driven = drive(&task, runs.to_vec(), &around, jobs, &mut seen, keep);
    kept.sort();
    (kept, driven)
}

#[test]
fn every_run_is_made_once_and_a_failed_one_does_not_end_the_others() {
    let expected = Driven {
        interrupted: false,
        failed: vec![("run 3".to_string(), "odd".to_string())],
    };
    for (kept, driven) in [
        driven::<false>(&[1, 2, 3, 4], 1),
        driven::<false>(&[1, 2, 3, 4], 3),
        driven::<true>(&[1, 2, 3, 4], 1),
    ] {
        let titles = kept
            .iter()
            .map(|(title, run, made, _)| (title.as_str(), *run, *made));
        assert!(titles.eq([
            ("3/7 run 1", 1, 1),
            ("4/7 run 2", 2, 4),
            ("6/7 run 4", 4, 16)
        ]));
        assert_eq!(driven.unwrap(), expected);
    }
}

#[test]
fn a_run_in_this_thread_knows_how_long_those_after_it_will_take() {
    let (kept, _) = driven::<true>(&[1, 2, 3, 4], 1);
    let rests = kept
        .iter()
        .map(|(_, _, _, rest)| rest.map(|rest| rest.as_secs()));
    // After the first run 2, 3, 4 and the one of the next part are left.
    assert!(rests.eq([None, Some(30), Some(10)]), "{kept:?}");
}

#[test]
fn an_interruption_ends_the_plan_and_an_error_of_all_is_returned() {
    for (kept, driven) in [
        driven::<true>(&[1, 100, 2], 1),
        driven::<false>(&[1, 100], 1),
    ] {
        assert_eq!(kept.len(), 1);
        assert!(driven.unwrap().interrupted);
    }
    for (_, driven) in [driven::<true>(&[200], 1), driven::<false>(&[200], 2)] {
        assert_eq!(driven.unwrap_err().to_string(), "too many");
    }
}

#[test]
fn the_time_left_is_that_of_like_runs() {
    let mut seen = Durations::default();
    let kinds = ["a", "b", "a"].map(str::to_string);
    assert_eq!(seen.of(kinds.iter()), None);
    seen.add("a", Duration::from_secs(10));
    // Nothing is known of b.
    assert_eq!(seen.of(kinds.iter()), Some(Duration::from_secs(30)));
    seen.add("b", Duration::from_secs(60));
    seen.add("b", Duration::from_secs(40));
    assert_eq!(seen.of(kinds[1..].iter()), Some(Duration::from_secs(60)));
    assert_eq!(seen.of(kinds[3..].iter()), Some(Duration::ZERO));
}
