use std::time::UNIX_EPOCH;

use super::*;

const LIFETIME: Duration = Duration::from_secs(60);

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn table(capacity: usize) -> Table<u64> {
    Table::new(capacity, LIFETIME)
}

/// Each name has the second it came in as its value.
fn insert(table: &mut Table<u64>, name: &str, second: u64) -> Vec<u64> {
    table.insert(name.into(), second, at(second))
}

fn known(table: &Table<u64>, second: u64) -> Vec<u64> {
    let mut values: Vec<u64> = table.values(at(second)).copied().collect();
    values.sort_unstable();
    values
}

#[test]
fn an_entry_is_good_from_when_it_came_until_its_time_is_over() {
    let mut table = table(2);
    assert!(insert(&mut table, "a", 1000).is_empty());
    for (name, now, expected) in [
        ("at once", 1000, Some(&1000)),
        ("at the last moment", 1059, Some(&1000)),
        ("too late", 1060, None),
        ("much too late", 9_999, None),
        ("when the clock was set back", 999, None),
    ] {
        assert_eq!(table.get("a", at(now)), expected, "{name}");
        assert_eq!(known(&table, now).first(), expected, "{name}");
    }
    let nanosecond = Duration::from_nanos(1);
    assert!(table.get("a", at(1060) - nanosecond).is_some());
    assert!(table.get("a", at(1000) - nanosecond).is_none());
    assert!(table.get("A", at(1000)).is_none(), "names are compared to the letter");
    assert!(table.get("", at(1000)).is_none());
}

#[test]
fn the_oldest_makes_room_and_is_handed_out() {
    let mut table = table(3);
    for (second, name) in (0..).zip(["a", "b", "c"]) {
        assert!(insert(&mut table, name, second).is_empty());
    }
    assert_eq!(insert(&mut table, "d", 3), [0]);
    assert_eq!(insert(&mut table, "e", 4), [1]);
    assert_eq!(known(&table, 4), [2, 3, 4]);
}

#[test]
fn what_has_expired_goes_with_the_next_that_comes() {
    let mut table = table(10);
    for (second, name) in [(0, "a"), (1, "b"), (30, "c")] {
        assert!(insert(&mut table, name, second).is_empty());
    }
    assert_eq!(insert(&mut table, "d", 61), [0, 1]);
    assert_eq!((table.entries.len(), table.order.len()), (2, 2));
}

#[test]
fn what_comes_again_takes_a_new_place() {
    let mut table = table(3);
    for (second, name) in (0..).zip(["a", "b", "a"]) {
        let _ = insert(&mut table, name, second);
    }
    assert_eq!(table.get("a", at(2)), Some(&2));
    assert!(insert(&mut table, "c", 3).is_empty(), "the empty place makes room");
    assert_eq!(insert(&mut table, "d", 4), [1], "and then the one that is the oldest now");
    assert_eq!(known(&table, 4), [2, 3, 4]);
}

#[test]
fn memory_is_bounded_whatever_comes_and_whatever_the_clock_does() {
    let mut table = table(8);
    let mut random = 1_u64;
    for _ in 0..20_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (name, second) = (format!("{}", (random >> 33) % 20), (random >> 40) % 200);
        let _ = insert(&mut table, &name, second);
        assert_eq!(table.get(&name, at(second)), Some(&second), "the newest is there");
        assert!(table.order.len() <= 8 && table.entries.len() <= 8);
        // Every entry has a place of its own, and the place names it.
        for (name, entry) in &table.entries {
            let place = table.order[entry.place.wrapping_sub(table.first)].as_ref();
            assert_eq!(place, Some(name));
        }
        assert_eq!(table.order.iter().flatten().count(), table.entries.len());
    }
}

#[test]
fn places_may_wrap_around() {
    let mut table = Table { first: usize::MAX - 1, ..table(3) };
    for second in 0..10 {
        let _ = insert(&mut table, &format!("{}", second % 4), second);
    }
    assert_eq!(known(&table, 10), [7, 8, 9]);
}
