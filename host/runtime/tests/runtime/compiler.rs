//! The compiler as a process: what it costs, how it ends, and that the host goes on.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ocellus_runtime::{
    CompileError, CompilerError, CompilerLimits, CompilerProcess, PluginError, Runtime, RuntimeOptions,
    TrackColumns,
};

use crate::support::{binding, frame, guest};

/// Set for a process that plays the host's part in [`a_child_dies_with_its_host`].
const HOST: &str = "OCELLUS_COMPILER_TEST_HOST";
/// Longest wait for a process to come or go.
const PATIENCE: Duration = Duration::from_secs(60);

/// The example `compiler`, which cargo builds with these tests.
fn program() -> PathBuf {
    let tests = std::env::current_exe().expect("this program");
    let path = tests.ancestors().nth(2).expect("its profile").join("examples/compiler");
    assert!(path.is_file(), "{} is missing; build the examples", path.display());
    path
}

fn runtime(program: PathBuf, args: &[&str], limits: CompilerLimits) -> Runtime {
    let compiler = Some(CompilerProcess { program, args: args.iter().map(Into::into).collect(), limits });
    Runtime::new(RuntimeOptions { compiler, max_instances: 4, ..RuntimeOptions::default() }).expect("starts")
}

/// A host whose compiler is a shell script; `$1` is the order.
fn scripted(script: &str) -> Runtime {
    runtime("/bin/sh".into(), &["-c", script, "compiler"], CompilerLimits::default())
}

fn error(runtime: &Runtime, component: Vec<u8>) -> CompileError {
    match runtime.load(component).map(|_| ()) {
        Err(PluginError::Compile(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn compiler_error(runtime: &Runtime) -> CompilerError {
    match error(runtime, guest("line")) {
        CompileError::Compiler(error) => error,
        other => panic!("{other}"),
    }
}

/// The component of `tests/guests/hand.wat` with code in a marked place.
fn by_hand(mark: &str, code: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/hand.wat");
    let text = std::fs::read_to_string(path).expect("the component by hand");
    wat::parse_str(text.replace(mark, code)).expect("sound text")
}

/// A sound component with so many functions that compiling it takes seconds and hundreds of megabytes.
fn bomb() -> Vec<u8> {
    by_hand(";;module;;", &"(func)".repeat(99_000))
}

#[test]
fn what_a_child_compiles_runs_in_the_host_and_is_cached() {
    let dir = tempfile::tempdir().expect("a folder");
    let load = || {
        let process = CompilerProcess { program: program(), args: vec![], limits: CompilerLimits::default() };
        let options = RuntimeOptions {
            cache_dir: Some(dir.path().to_owned()),
            compiler: Some(process),
            max_instances: 4,
            ..RuntimeOptions::default()
        };
        let runtime = Runtime::new(options).expect("starts");
        runtime.load(guest("probe")).expect("a sound component")
    };
    let compiled = load();
    assert!(!compiled.from_cache());
    let probed = compiled.bind(binding("{}")).expect("JSON").probe().expect("passes its trial");
    let mut instance = probed.instantiate(probed.shares()[0]).expect("starts");
    instance.process(&frame(0), &TrackColumns::new()).expect("works");
    assert!(load().from_cache());
}

#[test]
fn a_bomb_is_stopped_at_its_limit_and_the_next_component_is_compiled() {
    let usual = CompilerLimits::default();
    for (limits, expected) in [
        (CompilerLimits { cpu: Duration::from_secs(1), ..usual }, CompilerError::OutOfTime { seconds: 1 }),
        (CompilerLimits { memory: 128 << 20, ..usual }, CompilerError::OutOfMemory { mib: 128 }),
    ] {
        let runtime = runtime(program(), &[], limits);
        assert_eq!(error(&runtime, bomb()), CompileError::Compiler(expected.clone()));
        assert!(expected.is_final());
        runtime.load(guest("line")).expect("the host goes on");
    }
    let little = runtime(program(), &[], CompilerLimits { code: 4096, ..usual });
    assert_eq!(compiler_error(&little), CompilerError::TooLarge { mib: 0 });
}

#[test]
fn a_child_that_crashes_is_told_with_its_words_and_one_that_is_killed_may_try_again() {
    for (script, says) in [
        ("echo no good >&2; kill -SEGV $$", "no good"),
        ("echo thread main panicked >&2; exit 101", "thread main panicked"),
    ] {
        let error = compiler_error(&scripted(script));
        assert!(matches!(&error, CompilerError::Crashed { how } if how.contains(says)), "{script}: {error}");
    }
    // By whom is anybody's guess, and the component may be sound.
    let killed = compiler_error(&scripted("kill -KILL $$"));
    assert_eq!((killed.is_final(), killed), (false, CompilerError::Killed));
    for script in ["kill -XCPU $$", "echo memory allocation of 7 bytes failed >&2; kill -ABRT $$"] {
        let error = compiler_error(&scripted(script));
        let named = matches!(error, CompilerError::OutOfTime { .. } | CompilerError::OutOfMemory { .. });
        assert!(named, "{script}: {error}");
    }
}

#[test]
fn a_child_that_hangs_is_killed_after_the_limit() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("pid");
    let script = format!("echo $$ > {}; exec /bin/sleep 1000", file.display());
    // The clock runs while the script starts, so it may be killed before it has written.
    let (wall, patience) = (Duration::from_millis(500), Instant::now());
    let pid = loop {
        let limits = CompilerLimits { wall, ..CompilerLimits::default() };
        let runtime = runtime("/bin/sh".into(), &["-c", &script, "compiler"], limits);
        assert_eq!(compiler_error(&runtime), CompilerError::Late { seconds: 0 });
        match std::fs::read_to_string(&file).unwrap_or_default().trim().parse::<u32>() {
            Ok(pid) => break pid,
            Err(_) => assert!(patience.elapsed() < PATIENCE, "the child never began"),
        }
    };
    assert!(!Path::new(&format!("/proc/{pid}")).exists(), "it was killed and waited for");
}

#[test]
fn what_is_no_code_for_this_host_is_refused() {
    let program = program();
    // As from a program of another build: its engine has other settings.
    let foreign = format!(
        "exec {} \"$(echo \"$1\" | /bin/sed s/ample/scarce/)\"",
        program.to_str().expect("a path of text")
    );
    for script in [foreign.as_str(), "echo nonsense", "true", "exit 2", "exit 71"] {
        let error = compiler_error(&scripted(script));
        assert!(matches!(error, CompilerError::Unusable { .. }), "{script}: {error}");
        assert!(!error.is_final() && error.to_string().contains("restart it"), "{error}");
    }
    let missing = runtime("/nowhere/ocellus".into(), &[], CompilerLimits::default());
    assert!(matches!(compiler_error(&missing), CompilerError::Unusable { .. }));
}

#[test]
fn what_the_compiler_refuses_is_told_in_its_words() {
    let refused = error(&scripted("echo function 7 is odd >&2; exit 65"), guest("line"));
    assert_eq!(refused, CompileError::Compile { reason: "function 7 is odd".to_owned() });
}

#[test]
fn what_has_more_parts_than_the_host_has_room_for_is_refused_for_that() {
    let parts = "(core module $e) ".to_owned() + &"(core instance (instantiate $e))".repeat(300);
    let refused = error(&runtime(program(), &[], CompilerLimits::default()), by_hand(";;before;;", &parts));
    assert!(matches!(&refused, CompileError::Compile { reason } if reason.contains("instance")), "{refused}");
}

#[test]
fn a_child_has_nothing_of_the_hosts_environment() {
    let script =
        "test \"$(/usr/bin/env | /bin/grep -c -v -E '^(PWD|SHLVL|_|LD_LIBRARY_PATH)=')\" = 0 && exit 65";
    let told = error(&scripted(script), guest("line"));
    assert!(matches!(told, CompileError::Compile { .. }), "{told}");
}

#[test]
fn a_child_dies_with_its_host() {
    const TEST: &str = "compiler::a_child_dies_with_its_host";
    if std::env::var_os(HOST).is_some() {
        let runtime = runtime(program(), &["hang"], CompilerLimits::default());
        let _ = runtime.load(guest("line"));
        return;
    }
    let mut host = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", TEST, "--test-threads=1"])
        .env(HOST, "1")
        .stdout(Stdio::null())
        .spawn()
        .expect("starts");
    let began = Instant::now();
    let wait = |what: &str, done: &dyn Fn() -> bool| {
        while !done() {
            assert!(began.elapsed() < PATIENCE, "{what}");
            std::thread::yield_now();
        }
    };
    wait("the child begins", &|| !children(host.id()).is_empty());
    let child = children(host.id())[0];
    host.kill().expect("killed");
    host.wait().expect("waited for");
    // Nobody may be there to wait for an orphan: it is gone when it does not run.
    wait("the child ends", &|| state(child).is_none_or(|(state, _)| state == 'Z'));
}

/// State and parent of a process.
fn state(pid: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("the processes");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| state(*pid).is_some_and(|(_, of)| of == parent)).collect()
}
