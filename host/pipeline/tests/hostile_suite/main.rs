//! Hostile components against a live site with four cameras: each is refused or stopped where the tables say, the
//! site's API says why, and nobody else notices.
//!
//! This is a program of its own and not a part of `live`, since it judges what the whole process did: its panics, its
//! memory, and that no camera had to drop a frame.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod activated;
mod bound;
mod case;
mod made;
mod others;
mod powers;
mod pulse;
mod running;
mod server;
#[expect(dead_code, reason = "these tests need a part of it")]
#[path = "../live/site.rs"]
mod site;
mod stage;
mod uploaded;
mod v0_2;

use self::case::Case;
use self::stage::Stage;

/// How much more memory the process may hold after everything than after the first rounds.
const LEFT_OVER: usize = 64 << 20;

#[test]
fn hostile_components_are_stopped_where_the_tables_say_and_nobody_else_notices() {
    let cheap: Vec<Case> =
        uploaded::cases().into_iter().chain(bound::cases()).chain(v0_2::refused()).collect();
    let talkers = powers::talkers();
    let others: Vec<Case> = running::cases()
        .into_iter()
        .chain(activated::cases())
        .chain(powers::bound())
        .chain(powers::cases())
        .chain(v0_2::cases())
        .collect();
    let all = cheap.iter().chain(&talkers).chain(&others);
    let mut names: Vec<&str> = all.map(|case| case.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() == count && count >= 280, "{count} cases, {} names", names.len());
    let stage = Stage::set();
    // Twice, so that the engine's pool and the database have what they keep.
    stage.play(&cheap);
    stage.play(&cheap);
    let first = stage::resident_memory();
    stage.play(&talkers);
    stage.play(&others);
    let last = stage::resident_memory();
    println!("{count} hostile components; {} MiB at first, {} MiB at last", first >> 20, last >> 20);
    assert!(last < first + LEFT_OVER, "{first} bytes after the first round, {last} at the end");
    stage.close();
}
