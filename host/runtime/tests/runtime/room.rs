//! What happens when the machine or the pool has no more to give.

use std::process::Command;

use ocellus_runtime::{CallError, Runtime, RuntimeOptions, Snapshot, TrackColumns};

use crate::support::{binding, frame, guest, probed_with, worked_in};

const SHORT: &str = "OCELLUS_TEST_SHORT_OF_ADDRESSES";

#[test]
fn a_full_pool_is_told_as_the_hosts_lack_of_room_and_frees_itself() {
    let options = RuntimeOptions { max_instances: 2, ..RuntimeOptions::default() };
    let runtime = Runtime::new(options).expect("starts");
    let compiled = runtime.load(guest("line")).expect("sound");
    let probed = compiled.bind(binding("{}")).expect("JSON").probe().expect("passes");
    let start = || probed.instantiate(probed.shares()[0]);
    let (one, two) = (start().expect("room"), start().expect("room"));
    assert_eq!(start().map(|_| ()), Err(CallError::NoRoom));
    drop(two);
    drop(start().expect("room again"));
    drop(one);
}

#[test]
fn where_address_space_is_short_rules_run_all_the_same() {
    if std::env::var_os(SHORT).is_some() {
        let runtime = Runtime::new(RuntimeOptions::default()).expect("starts");
        assert!(!runtime.is_pooled());
        let compiled = runtime.load(guest("line")).expect("sound");
        let probed = compiled.bind(binding("{}")).expect("JSON").probe().expect("passes");
        for mut instance in (0..20).map(|_| worked_in(&probed)).collect::<Vec<_>>() {
            instance.process(&frame(1), &TrackColumns::new()).expect("counts");
        }
        return;
    }
    guest("line");
    let own = std::env::current_exe().expect("a path");
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 3000000 && exec \"$0\" --exact room::where_address_space_is_short_rules_run_all_the_same"])
        .arg(own)
        .env(SHORT, "1")
        .env_remove("NEXTEST")
        .output()
        .expect("sh runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn what_workers_share_and_hand_over_may_cross_threads() {
    fn crosses<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    crosses::<ocellus_runtime::RuleSlot>();
    crosses::<ocellus_runtime::PreparedSwap>();
    crosses::<ocellus_runtime::Restart>();
    crosses::<ocellus_runtime::Restarted>();
    crosses::<ocellus_runtime::Committed>();
    shared::<Runtime>();
    shared::<ocellus_runtime::Probed>();
    shared::<ocellus_runtime::Compiled>();
    shared::<TrackColumns>();
    shared::<Snapshot>();
    drop(probed_with(guest("line"), binding("{}")));
}

#[test]
fn the_ticker_ends_with_the_last_user_of_the_runtime() {
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task").expect("on Linux");
        tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
            .filter(|name| name.trim() == "ocellus-ticker")
            .count()
    };
    let before = threads();
    let runtime =
        Runtime::new(RuntimeOptions { max_instances: 4, ..RuntimeOptions::default() }).expect("starts");
    let probed = runtime.load(guest("line")).expect("sound").bind(binding("{}")).expect("JSON").probe();
    drop(runtime);
    let mut instance = worked_in(&probed.expect("passes"));
    assert_eq!(threads(), before + 1, "an instance keeps its time limits");
    instance.process(&frame(1), &TrackColumns::new()).expect("counts");
    drop(instance);
    assert_eq!(threads(), before);
}
