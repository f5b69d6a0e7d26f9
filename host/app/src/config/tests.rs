//! What is refused, and in which words.

use super::*;

fn refused(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ocellus.toml");
    std::fs::write(&path, text).unwrap();
    format!("{:#}", Config::read(&path).unwrap_err())
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config").join(name)
}

#[test]
fn the_annotated_example_is_a_valid_config() {
    let config = Config::read(&shipped("ocellus.toml")).unwrap();
    assert_eq!((config.cameras.len(), config.rules.len()), (2, 1));
    for camera in &config.cameras {
        camera.settings(Path::new("")).unwrap();
    }
    // What stands in it as a comment must be right as well, so that it can be taken.
    let text = std::fs::read_to_string(shipped("ocellus.toml")).unwrap();
    let comments = text.lines().filter_map(|line| line.strip_prefix("# source = \"")?.split('"').next());
    let mut folders = 0;
    for source in comments {
        let spec = SourceSpec::parse(source).unwrap();
        folders += usize::from(spec.file().is_some_and(|file| !file.to_string_lossy().contains('?')));
    }
    assert_eq!(folders, 1);
}

#[test]
fn a_video_file_is_looked_for_beside_the_config_file() {
    let camera = |source: &str| {
        let text = format!("[[camera]]\nname = \"a\"\nsource = \"{source}\"\n");
        let config: Config = toml::from_str(&text).unwrap();
        config.cameras[0].settings(Path::new("/etc/cfg")).unwrap().source.to_string()
    };
    assert_eq!(camera("clip.mp4"), "/etc/cfg/clip.mp4");
    assert_eq!(camera("file:clip.mp4?loop=true"), "file:/etc/cfg/clip.mp4?loop=true");
    assert_eq!(camera("/videos/clip.mp4"), "/videos/clip.mp4");
    assert_eq!(camera("scene:crossing?seed=3"), "scene:crossing?seed=3");
}

#[test]
fn numbers_out_of_range_are_named_with_key_value_and_range() {
    for (text, parts) in [
        ("[store]\nmax_age_days = 1e30", ["store.max_age_days", "from 0 to 36500"]),
        ("[store]\nmax_age_days = -1.0", ["store.max_age_days is -1", "from 0 to 36500"]),
        ("[store]\nmax_age_days = nan", ["store.max_age_days is NaN", "from 0 to 36500"]),
        ("[store]\nmax_size_mib = 17592186044416", ["max_size_mib is 17592186044416", "0 to 1048576"]),
        ("[recordings]\nfile_minutes = 0", ["recordings.file_minutes is 0", "from 1 to 1440"]),
        ("[recordings]\nmax_size_mib = 0", ["recordings.max_size_mib is 0", "from 1 to 1048576"]),
        ("[model]\nthreads = 99999", ["model.threads is 99999", "at most"]),
        ("[embedder]\nmodel = \"a.onnx\"\nround_ms = 0", ["embedder.round_ms is 0", "from 1 to 1000"]),
        ("[embedder]\nmodel = \"a.onnx\"\nthreads = 99999", ["embedder.threads is 99999", "at most"]),
        ("[plates]\ndetector = \"a.onnx\"", ["plates", "missing field `reader`"]),
        (
            "[plates]\ndetector = \"a.onnx\"\nreader = \"b.onnx\"\nround_ms = 0",
            ["plates.round_ms is 0", "from 1 to 1000"],
        ),
        (
            "[[camera]]\nname = \"a\"\nsource = \"usb:0\"\n[camera.plates]\nbudget = 2",
            ["camera \"a\" has plates, and there is no reader", "in [plates]"],
        ),
        ("[embedder]\nthreads = 1", ["embedder", "missing field `model`"]),
        (
            "[[camera]]\nname = \"a\"\nsource = \"usb:0\"\n[camera.embedding]\nbudget = 2",
            ["camera \"a\" has embedding, and there is no embedder", "in [embedder]"],
        ),
        ("[server]\naddress = \"localhost:8080\"", ["is \"localhost:8080\"", "such as 127.0.0.1:8080"]),
    ] {
        let said = refused(text);
        assert!(parts.iter().all(|part| said.contains(part)) && said.contains("ocellus.toml"), "{said}");
    }
}

#[test]
fn the_ends_of_the_ranges_are_kept_as_they_are_written() {
    let retention = |text: &str| toml::from_str::<StoreConfig>(text).unwrap().retention();
    let most = retention("max_age_days = 36500.0\nmax_size_mib = 1048576");
    assert_eq!(most.max_age, Some(Duration::from_secs(36_500 * 86_400)));
    assert_eq!(most.max_bytes, Some(1 << 40));
    let none = retention("max_age_days = 0.0\nmax_size_mib = 0");
    assert_eq!((none.max_age, none.max_bytes), (None, None));
}

#[test]
fn hosts_and_origins_that_no_caller_has_are_refused() {
    for (key, bad) in [
        ("allowed_hosts", ["", "a.example:80", "A.example"]),
        ("allowed_origins", ["not a url", "https://a.example/", "https://a.example:443"]),
    ] {
        for value in bad {
            let said = refused(&format!("[server]\n{key} = [{value:?}]\n"));
            assert!(said.contains(key) && said.contains(&format!("{value:?}")), "{said}");
        }
    }
    for good in ["a.example", "192.0.2.7", "2001:db8::7"] {
        check_host(good).unwrap();
    }
    for good in ["https://a.example", "http://a.example:3000", "http://[2001:db8::7]:3000", "http://[::1]"] {
        check_origin(good).unwrap();
    }
}

/// `UPDATE_SCHEMA=1` writes it anew; look at the change before committing it.
#[test]
fn the_schema_beside_the_example_is_current() {
    let mut schema = serde_json::to_string_pretty(&schemars::schema_for!(Config)).unwrap();
    schema.push('\n');
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(shipped("ocellus.schema.json"), &schema).unwrap();
    }
    assert_eq!(std::fs::read_to_string(shipped("ocellus.schema.json")).unwrap(), schema);
}

#[test]
fn a_wrong_key_is_named_with_those_that_would_be_right() {
    let text = refused("[server]\nadress = \"127.0.0.1:1\"\n");
    assert!(text.contains("adress") && text.contains("address"), "{text}");
}

#[test]
fn doubled_names_and_empty_bindings_are_refused() {
    let camera = "[[camera]]\nname = \"a\"\nsource = \"usb:0\"\n";
    assert!(refused(&camera.repeat(2)).contains("two cameras are named \"a\""));
    let rule = "[[rule]]\nname = \"r\"\nplugin = \"p\"\ncameras = []\n";
    assert!(refused(rule).contains("cameras is empty"));
}

#[test]
fn limits_of_a_rule_have_the_ranges_of_the_api() {
    let rule = "[[rule]]\nname = \"r\"\nplugin = \"p\"\ncameras = [\"c\"]\n";
    for (limits, says) in [
        ("call_ms = 0", "rule \"r\": limits: call_ms is 0, it must be from 1 to 1000"),
        ("memory_kib = 1048577", "memory_kib is 1048577, it must be from 64 to 1048576"),
        ("log_kib_per_second = 9223372036854775807", "log_kib_per_second is "),
        ("events = -1", "events"),
        ("call = 1", "unknown field `call`"),
    ] {
        let said = refused(&format!("{rule}[rule.limits]\n{limits}\n"));
        assert!(said.contains(says), "{limits}: {said}");
    }
    assert!(refused(&format!("{rule}on_failure = \"explode\"\n")).contains("disable"));
    let text = format!("{rule}on_failure = \"skip\"\nlimits = {{ call_ms = 5, memory_kib = 64 }}\n");
    let config: Config = toml::from_str(&text).unwrap();
    config.check().unwrap();
    let policy = config.rules[0].policy();
    assert_eq!(policy.on_failure, ocellus_runtime::OnFailure::Skip);
    assert_eq!((policy.limits.call, policy.limits.memory), (Duration::from_millis(5), 64 << 10));
    assert_eq!(policy.limits.events, ocellus_runtime::Limits::default().events);
}

#[test]
fn limits_of_the_compiler_have_ranges() {
    for (limit, says) in [
        ("compile_seconds = 0", "plugins.compile_seconds is 0, it must be from 1 to 3600"),
        ("compile_memory_mib = 1", "plugins.compile_memory_mib is 1, it must be from 64 to 65536"),
    ] {
        assert!(refused(&format!("[plugins]\n{limit}\n")).contains(says), "{limit}");
    }
    let limits = Config::read(&shipped("ocellus.toml")).unwrap().plugins.compiler_limits();
    assert_eq!(limits, ocellus_runtime::CompilerLimits::default());
}

#[test]
fn a_trusted_key_is_a_text_or_a_file_beside_the_config() {
    const KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
        -----END PUBLIC KEY-----\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ocellus.toml");
    std::fs::write(folder.path().join("site.pub"), PEM).unwrap();
    std::fs::write(folder.path().join("picture.pub"), [0xff; 99]).unwrap();
    let read = |keys: &str| {
        std::fs::write(&path, format!("[plugins]\ntrusted_keys = [{keys}]\n")).unwrap();
        Config::read(&path).and_then(|config| config.plugins.trusted_keys())
    };
    let by_text = read(&format!("\"{KEY}\"")).unwrap();
    assert!(!by_text.is_empty());
    assert_eq!(read("\"site.pub\"").unwrap(), by_text);
    assert_eq!(read(&format!("{PEM:?}, \"{KEY}\"")).unwrap(), by_text, "one key, however often");
    for (keys, says) in [
        ("\"none.pub\"", "trusted_keys[0] is neither a key nor a file"),
        ("\"picture.pub\"", "picture.pub"),
        ("\"site.pub\", \".\"", "trusted_keys[1]"),
        ("\"-----BEGIN PRIVATE KEY-----\"", "private key"),
        ("\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"", "a weak key"),
    ] {
        let said = format!("{:#}", read(keys).unwrap_err());
        assert!(said.contains(says), "{keys}: {said}");
    }
}

#[test]
fn a_short_token_is_refused() {
    assert!(refused("[server]\ntoken = \"abc\"\n").contains("at least 16"));
}
