//! `ocellus model list | pull | add`, and the names that they give.

mod server;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use ocellus_tests::host::PATIENCE;
use ocellus_tests::program::repository;
use ocellus_tests::{Finished, Host, ocellus, ocellus_command};

use self::server::Server;
use crate::commands::text_of;

const DIGEST: &str = "9ca8e8c1add08992c14fe4949a1be4460b950238eccbbae61b7b8b7b736674ec";

/// A folder of models, a catalogue that knows the model `net`, and a server of its file.
struct Stage {
    folder: tempfile::TempDir,
    server: Server,
}

impl Stage {
    fn new() -> Stage {
        let stage = Stage {
            folder: tempfile::tempdir().unwrap(),
            server: Server::of(std::fs::read(scene_nano()).unwrap()),
        };
        stage.know("net", "whole", &[]);
        stage
    }

    /// An entry of the catalogue, the scene model's with other values.
    fn know(&self, name: &str, path: &str, changes: &[(&str, &str)]) {
        let text = std::fs::read_to_string(scene_nano().with_file_name("model.toml")).unwrap();
        let mut text = text.replace("[model]\n", &format!("[model]\nurl = {:?}\n", self.server.url(path)));
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        let folder = self.catalogue().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("model.toml"), text).unwrap();
    }

    fn catalogue(&self) -> PathBuf {
        self.folder.path().join("catalogue")
    }

    fn models(&self) -> PathBuf {
        self.folder.path().join("models")
    }

    fn model(&self, name: &str) -> PathBuf {
        self.models().join(name).join(format!("{name}.onnx"))
    }

    fn part(&self, name: &str) -> PathBuf {
        self.models().join(".unfinished").join(name).join(format!("{name}.part"))
    }

    fn args<'a>(&'a self, command: &'a str, rest: &[&'a str]) -> Vec<String> {
        let mut args = vec!["model", command];
        args.extend(rest);
        let mut args: Vec<String> = args.into_iter().map(str::to_owned).collect();
        args.extend(["--models".to_owned(), text_of(&self.models()).to_owned()]);
        if matches!(command, "pull" | "list") {
            args.extend(["--catalogue".to_owned(), text_of(&self.catalogue()).to_owned()]);
        }
        args
    }

    #[track_caller]
    fn run(&self, command: &str, rest: &[&str], code: i32) -> Finished {
        let finished = ocellus(&self.args(command, rest));
        assert_eq!(finished.code, code, "{rest:?}: {}{}", finished.stdout, finished.stderr);
        assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
        finished
    }

    /// Fetches `net` from another path of the server.
    #[track_caller]
    fn pull_from(&self, path: &str, code: i32) -> Finished {
        self.run("pull", &["net", "--from", &self.server.url(path)], code)
    }

    fn is_whole(&self) -> bool {
        std::fs::read(self.model("net")).is_ok_and(|found| found == std::fs::read(scene_nano()).unwrap())
    }
}

fn scene_nano() -> PathBuf {
    repository("models/scene-nano/scene-nano.onnx")
}

#[track_caller]
fn says(finished: &Finished, parts: &[&str]) {
    for part in parts {
        let all = format!("{}{}", finished.stdout, finished.stderr);
        assert!(all.contains(part), "{part:?} is not in {all}");
    }
}

#[test]
fn a_pulled_model_is_listed_inspected_and_used_by_its_name() {
    let stage = Stage::new();
    let before = stage.run("list", &[], 0);
    says(&before, &["net", "yolox-s", "Apache-2.0", "not known", "scene-nano", "in the program"]);
    let pulled = stage.run("pull", &["net"], 0);
    says(&pulled, &["net: detect, licence Apache-2.0 OR MIT", "source: trained by", DIGEST, "--model net"]);
    assert!(stage.is_whole() && !stage.models().join(".unfinished").exists());
    says(&stage.run("list", &[], 0), &["here", "verified"]);
    let again = stage.run("pull", &["net"], 0);
    says(&again, &["it is here already"]);
    assert_eq!(stage.server.heads().len(), 1, "nothing was fetched again");
    let inspected = stage.run("inspect", &["net"], 0);
    says(&inspected, &["yolov8", "400x240", DIGEST]);
    let tracks = stage.folder.path().join("tracks.jsonl");
    let models = stage.models();
    let analysed = ocellus(&[
        "analyze",
        "scene:crossing?seed=3",
        "--frames",
        "5",
        "--model",
        "net",
        "--models",
        text_of(&models),
        "--tracks",
        text_of(&tracks),
    ]);
    assert_eq!(analysed.code, 0, "{}", analysed.stderr);
    let unknown = ocellus(&[
        "analyze",
        "scene:crossing",
        "--frames",
        "1",
        "--model",
        "ned",
        "--models",
        text_of(&models),
    ]);
    assert_eq!(unknown.code, 2);
    says(&unknown, &["no model ned in", "there are net", "ocellus model list"]);
}

#[test]
fn a_config_file_names_a_model_of_its_folder() {
    let stage = Stage::new();
    stage.run("pull", &["net"], 0);
    let config = "[model]\nfile = \"net\"\nfolder = \"models\"\n[[camera]]\nname = \"gate\"\nsource = \"scene:crossing?seed=3\"\n";
    let host = Host::serve(stage.folder.path(), config);
    host.wait_until("/api/v1/cameras/gate", "frames", |body| body["frames"].as_u64() > Some(2));
    drop(host);
    std::fs::write(stage.folder.path().join("bad.toml"), config.replace("\"net\"", "\"ned\"")).unwrap();
    let refused = ocellus(&["serve", "--config", text_of(&stage.folder.path().join("bad.toml"))]);
    assert_eq!(refused.code, 2);
    says(&refused, &["no model ned in", "there are net"]);
}

#[test]
fn a_connection_that_breaks_is_taken_up_where_it_broke() {
    for path in ["cut", "cut-without-version"] {
        let stage = Stage::new();
        says(&stage.pull_from(path, 0), &["trying again", DIGEST]);
        assert!(stage.is_whole());
        let heads = stage.server.heads();
        let half = std::fs::metadata(scene_nano()).unwrap().len() / 2;
        assert_eq!(heads.len(), 2, "{heads:?}");
        assert!(heads[1].contains(&format!("range: bytes={half}-")), "{}", heads[1]);
        assert_eq!(heads[1].contains("if-range: \"first\""), path == "cut", "{}", heads[1]);
    }
}

#[test]
fn a_file_that_changed_or_a_server_without_ranges_or_with_wrong_ones_is_fetched_anew() {
    for path in ["cut-and-changed", "cut-and-no-ranges", "cut-and-lies"] {
        let stage = Stage::new();
        says(&stage.pull_from(path, 0), &[DIGEST]);
        assert!(stage.is_whole(), "{path}");
    }
}

#[test]
fn a_server_that_is_slow_busy_or_elsewhere_gives_the_file_all_the_same() {
    for path in ["slow", "busy", "moved"] {
        let stage = Stage::new();
        stage.pull_from(path, 0);
        assert!(stage.is_whole(), "{path}");
    }
}

#[test]
fn what_is_another_file_is_removed_or_never_taken() {
    let stage = Stage::new();
    let wrong = stage.pull_from("wrong", 2);
    says(&wrong, &["its sha256 is", &format!("expected {DIGEST}"), "the file was removed"]);
    assert!(!stage.part("net").exists() && !stage.model("net").exists());
    stage.know("sized", "short", &[("sha256 =", "bytes = 99999\nsha256 =")]);
    says(&stage.run("pull", &["sized"], 2), &["has 12 bytes, and 99999 are expected"]);
    stage.know("small", "endless", &[("sha256 =", "bytes = 70000\nsha256 =")]);
    says(&stage.run("pull", &["small"], 2), &["sends more than the 70000 bytes"]);
    says(&stage.run("list", &[], 0), &["net"]);
    assert!(
        stage.models().join(".unfinished/sized").read_dir().is_err(),
        "nothing is left of what brought nothing"
    );
}

#[test]
fn a_place_that_has_no_file_is_said_so() {
    let stage = Stage::new();
    says(&stage.pull_from("missing", 2), &["there is no file at http://", "(404)", "--from"]);
    says(&stage.pull_from("closed", 2), &["not open to everybody (403)", "model add"]);
    says(&stage.run("pull", &["net", "--from", "ftp://example.org/x"], 2), &["is no address of a file"]);
    let secret = stage.run("pull", &["net", "--from", "https://me:secret@127.0.0.1/x"], 2);
    assert!(!secret.stderr.contains("secret"), "{}", secret.stderr);
    says(&stage.run("pull", &["nosuch"], 2), &["no model nosuch is known", "yolox-s", "model add"]);
    says(&stage.run("pull", &["scene-nano"], 2), &["is part of the program"]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = stage.run("pull", &["net", "--from", &format!("http://{closed}/x")], 2);
    says(&nobody, &["trying again", "cannot be reached"]);
}

#[test]
fn a_server_that_falls_silent_is_given_up_and_what_came_is_kept() {
    let stage = Stage::new();
    let url = stage.server.url("hangs");
    let given_up = stage.run("pull", &["net", "--from", &url, "--patience", "1"], 2);
    says(&given_up, &["nothing came from", "for 1 s"]);
    let half = std::fs::metadata(scene_nano()).unwrap().len() / 2;
    assert_eq!(std::fs::metadata(stage.part("net")).unwrap().len(), half);
    stage.run("pull", &["net", "--from", &url], 0);
    assert!(stage.is_whole());
    assert!(stage.server.heads()[1].contains(&format!("range: bytes={half}-")));
    says(
        &stage.run("pull", &["net", "--from", &stage.server.url("silent"), "--patience", "1"], 0),
        &["already"],
    );
}

#[test]
fn an_interrupted_pull_ends_at_once_and_goes_on_later() {
    let stage = Stage::new();
    let url = stage.server.url("hangs");
    let mut child = ocellus_command()
        .args(stage.args("pull", &["net", "--from", &url]))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let half = std::fs::metadata(scene_nano()).unwrap().len() / 2;
    let deadline = Instant::now() + PATIENCE;
    while std::fs::metadata(stage.part("net")).map_or(0, |part| part.len()) < half {
        assert!(Instant::now() < deadline, "the first half did not come");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    // Meanwhile nobody else may write there.
    says(&stage.run("pull", &["net", "--from", &url], 2), &["another `ocellus model pull` is fetching"]);
    let sent =
        std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), Some(3));
    stage.run("pull", &["net", "--from", &url], 0);
    assert!(stage.is_whole());
}

#[test]
fn a_digest_that_nobody_knows_is_shown_before_the_model_is_used() {
    let stage = Stage::new();
    stage.know("net", "whole", &[(&format!("sha256 = \"{DIGEST}\""), "")]);
    let shown = stage.run("pull", &["net"], 1);
    says(&shown, &[&format!("sha256 {DIGEST}"), "--sha256", "--accept", "Nothing is fetched again"]);
    assert!(!stage.model("net").exists());
    let wrong = stage.run("pull", &["net", "--sha256", &DIGEST.replace('9', "8")], 2);
    says(&wrong, &["expected 8"]);
    stage.run("pull", &["net"], 1);
    let requests = stage.server.heads().len();
    stage.run("pull", &["net", "--sha256", &DIGEST.to_uppercase()], 0);
    assert_eq!(stage.server.heads().len(), requests, "what was there was taken");
    assert!(stage.is_whole());
    says(&stage.run("list", &[], 0), &["as it came"]);
    let toml = std::fs::read_to_string(stage.model("net").with_file_name("model.toml")).unwrap();
    assert!(toml.contains(DIGEST) && toml.contains("bytes = "), "{toml}");
    stage.know("other", "whole", &[(&format!("sha256 = \"{DIGEST}\""), "")]);
    stage.run("pull", &["other", "--accept"], 0);
    says(&stage.run("pull", &["net", "--sha256", "abc"], 2), &["64 hexadecimal digits"]);
}

#[test]
fn an_agpl_model_is_named_as_such_before_it_is_fetched_added_and_used() {
    let stage = Stage::new();
    stage.know("net", "whole", &[("licence = \"Apache-2.0 OR MIT\"", "licence = \"AGPL-3.0\"")]);
    let refused = stage.run("pull", &["net"], 2);
    says(&refused, &["licence AGPL-3.0", "source of the whole program", "--accept-licence"]);
    assert!(stage.server.heads().is_empty(), "nothing was fetched");
    stage.run("pull", &["net", "--accept-licence"], 0);
    let model = stage.model("net");
    let used = ocellus(&["analyze", "scene:crossing?seed=3", "--frames", "2", "--model", text_of(&model)]);
    assert_eq!(used.code, 0, "{}", used.stderr);
    says(&used, &["warning: model net is under AGPL-3.0"]);
    let added = stage.run("add", &[text_of(&model), "--name", "mine"], 0);
    says(&added, &["warning: model mine is under AGPL-3.0"]);
    says(&stage.run("list", &[], 0), &["AGPL-3.0"]);
}

#[test]
fn an_added_file_is_copied_with_its_digest_and_found_damaged_when_it_changes() {
    let stage = Stage::new();
    let file = scene_nano();
    let added =
        stage.run("add", &[text_of(&file), "--name", "mine", "--licence", "MIT", "--source", "my desk"], 0);
    says(&added, &["mine", DIGEST]);
    let toml = std::fs::read_to_string(stage.model("mine").with_file_name("model.toml")).unwrap();
    for part in [
        "name = \"mine\"",
        "licence = \"MIT\"",
        "source = \"my desk\"",
        DIGEST,
        "task = \"detect\"",
        "layout",
    ] {
        assert!(toml.contains(part), "{part} in {toml}");
    }
    says(&stage.run("add", &[text_of(&file), "--name", "mine"], 2), &["there is a model mine", "--replace"]);
    stage.run("add", &[text_of(&file), "--name", "mine", "--replace"], 0);
    says(&stage.run("add", &[text_of(&file)], 2), &["is the name of the model in the program"]);
    let notes = stage.folder.path().join("notes.onnx");
    std::fs::write(&notes, "no model").unwrap();
    says(&stage.run("add", &[text_of(&notes)], 2), &["is not an ONNX model"]);
    assert!(!stage.models().join("notes").exists());
    damage(&stage.model("mine"));
    says(&stage.run("list", &[], 1), &["mine", "DAMAGED", "pull or add it again"]);
    says(&stage.run("inspect", &["mine"], 2), &["is not the file that"]);
}

#[test]
fn what_is_fetched_and_of_no_use_is_not_kept() {
    let stage = Stage::new();
    stage.know("net", "whole", &[("layout = \"yolov8\"", "layout = \"yolox\"")]);
    says(&stage.run("pull", &["net"], 2), &["net was fetched and is of no use", "output.layout"]);
    assert!(!stage.model("net").exists() && !stage.part("net").exists());
}

fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn a_full_disk_keeps_what_came_and_says_what_to_do() {
    let stage = Stage::new();
    let small = tempfile::tempdir().unwrap();
    let mount = ["-t", "tmpfs", "-o", "size=64k", "tmpfs"];
    let mounted = std::process::Command::new("mount").args(mount).arg(small.path()).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: a small file system could not be mounted (are you root?)");
        return;
    }
    let catalogue = stage.catalogue();
    let finished = ocellus(&[
        "model",
        "pull",
        "net",
        "--models",
        text_of(small.path()),
        "--catalogue",
        text_of(&catalogue),
    ]);
    std::process::Command::new("umount").arg("-l").arg(small.path()).output().unwrap();
    assert_eq!(finished.code, 2, "{}", finished.stderr);
    says(&finished, &["there is no room left for", "name another folder with --models"]);
}
