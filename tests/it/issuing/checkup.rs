//! What a store's doctor has found, as it is logged.

use tower_bearer::Checkup;

use crate::support::Log;

#[test]
fn what_is_not_good_is_logged() {
    let mut checkup = Checkup::new("a cupboard");
    checkup.good("it is closed");
    checkup.doubtful("its lock is old");
    checkup.wrong("it has no back");
    let log = Log::capture();
    checkup.log();
    let text = log.text();
    let lines: Vec<_> = text.lines().map(|line| line.split_once(' ').unwrap().1.trim()).collect();
    assert_eq!(
        lines,
        [
            r#"WARN tower_bearer: the set-up of a store is doubtful of="a cupboard" finding="its lock is old""#,
            r#"ERROR tower_bearer: the set-up of a store is wrong of="a cupboard" finding="it has no back""#,
        ]
    );
}
