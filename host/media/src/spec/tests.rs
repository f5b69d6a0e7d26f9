use std::path::Path;

use super::*;

fn parsed(text: &str) -> Address {
    SourceSpec::parse(text).unwrap().address
}

fn reason(text: &str) -> String {
    SourceSpec::parse(text).unwrap_err().to_string()
}

#[test]
fn a_plain_path_is_taken_literally() {
    for path in ["clip.mp4", "/v/what?.mp4", "a b%20c.mp4", "./rtsp.mp4", "C:weird.mp4"] {
        assert!(
            matches!(parsed(path), Address::File(file) if file.path == Path::new(path) && file.repeat.is_none())
        );
    }
}

#[test]
fn a_file_url_has_parameters_and_escapes() {
    let Address::File(file) = parsed("file:a%20b.mp4?loop=true&pace=unpaced") else { panic!() };
    assert_eq!(file.path, Path::new("a b.mp4"));
    assert_eq!((file.repeat, file.pace), (Some(Repeat::Loop), Some(Pace::Unpaced)));
    assert!(matches!(parsed("file:///v/x.mp4"), Address::File(file) if file.path == Path::new("/v/x.mp4")));
    assert!(reason("file://nas/x.mp4").contains("mount"));
    assert!(reason("file:x.mp4?lop=true").contains("loop and pace"));
    assert!(reason("file:x.mp4?loop=maybe").contains("neither true nor false"));
}

#[test]
fn rtsp_takes_the_login_and_its_own_parameter_out_of_the_url() {
    let Address::Rtsp(rtsp) = parsed("rtsp://ad%40min:p%23w@cam:8554/s?channel=1&transport=udp") else {
        panic!()
    };
    assert_eq!(rtsp.url.as_str(), "rtsp://cam:8554/s?channel=1");
    assert_eq!(rtsp.transport, RtspTransport::Udp);
    let login = rtsp.login.unwrap();
    assert_eq!((login.user.as_str(), login.password.as_str()), ("ad@min", "p#w"));
    assert!(reason("rtsp://cam/s?transport=carrier-pigeon").contains("tcp or udp"));
    assert!(reason("rtsp:///s").contains("host"));
}

#[test]
fn devices_and_scenes_have_their_parameters() {
    let Address::Device(device) = parsed("usb:2?size=640x480&rate=15") else { panic!() };
    assert_eq!(
        (device.path.to_str(), device.size, device.rate),
        (Some("/dev/video2"), Some(Size::new(640, 480)), Some(15))
    );
    assert!(matches!(parsed("/dev/video0"), Address::Device(_)));
    assert!(reason("usb:front").contains("usb:0"));
    assert!(reason("usb:0?size=big").contains("1280x720"));
    let Address::Scene(scene) = parsed("scene:crossing?seed=3&pace=unpaced&fps=5") else { panic!() };
    assert_eq!((scene.scene.as_str(), scene.pace), ("crossing?seed=3&fps=5", Some(Pace::Unpaced)));
    assert!(reason("scene:mars").contains("crossing, parking-lot, plates, plaza or road"));
    assert!(reason("scene:crossing?sed=3").contains("no setting"));
    assert!(reason("scene:").contains("scene:crossing"));
}

#[test]
fn an_unknown_scheme_and_an_empty_text_say_what_is_supported() {
    for text in ["", "  ", "ftp://host/x", "sceen:crossing"] {
        assert!(reason(text).contains("rtsp://HOST/PATH"), "{text}");
    }
}

#[test]
fn no_form_of_a_source_or_of_its_errors_shows_a_credential() {
    let texts = [
        "rtsp://admin:hunter2@cam/1",
        "rtsp://admin:hunter2#x@cam/1",
        "rtsp://admin:1/hunter2@cam/1",
        "rtsp://admin:hunter2@@cam/1",
        "rtsp://admin:hunter2@/1",
        "rtsp://admin:hunter2@cam:99999/1",
        "http://cam/stream?token=hunter2",
        "https://cam/stream?a=1&Password=hunter2",
        "ftp://admin:hunter2@cam/1",
        "rtsp://cam/s?transport=x&password=hunter2",
        "rtsp://cam/user=admin_password=hunter2_channel=1",
    ];
    for text in texts {
        let shown = match SourceSpec::parse(text) {
            Ok(spec) => format!("{spec} {spec:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("hunter2"), "{text} became {shown}");
    }
}

#[test]
fn the_text_can_be_stored_and_read_again() {
    let text = "rtsp://admin:secret@cam/1";
    let spec = SourceSpec::parse(text).unwrap();
    assert_eq!(spec.expose(), text);
    assert_eq!(SourceSpec::parse(spec.expose()).unwrap(), spec);
}

#[test]
fn a_relative_path_is_taken_from_a_folder_and_the_text_says_so() {
    let folder = Path::new("cfg/a%b");
    for (text, path, expected) in [
        ("clip.mp4", "cfg/a%b/clip.mp4", "cfg/a%b/clip.mp4"),
        ("file:my%20clip.mp4?loop=true", "cfg/a%b/my clip.mp4", "file:cfg/a%25b/my%20clip.mp4?loop=true"),
        ("/videos/clip.mp4", "/videos/clip.mp4", "/videos/clip.mp4"),
        ("file:///videos/clip.mp4?pace=unpaced", "/videos/clip.mp4", "file:///videos/clip.mp4?pace=unpaced"),
    ] {
        let spec = SourceSpec::parse(text).unwrap().relative_to(folder);
        assert_eq!(spec.file(), Some(Path::new(path)));
        assert_eq!(spec.expose(), expected);
        assert_eq!(SourceSpec::parse(spec.expose()).unwrap(), spec);
    }
    for text in ["scene:crossing?seed=3", "usb:0", "rtsp://192.0.2.1/stream"] {
        let spec = SourceSpec::parse(text).unwrap();
        assert_eq!(spec.clone().relative_to(folder), spec);
        assert_eq!(spec.file(), None);
    }
}
