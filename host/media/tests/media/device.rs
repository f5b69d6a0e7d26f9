use crate::support::*;

#[test]
fn a_missing_device_is_named_with_a_remedy() {
    let message = refusal("usb:217", &unpaced());
    assert!(message.contains("/dev/video217") && message.contains("no such device"), "{message}");
    assert!(message.contains("plug it in") || message.contains("this machine has /dev/video"), "{message}");
}

#[test]
fn something_else_than_a_camera_is_refused() {
    assert!(refusal("usb:/dev/null", &unpaced()).contains("not a camera"));
    let folder = tempfile::tempdir().unwrap();
    let path = format!("/dev/../{}", folder.path().display());
    assert!(refusal(&format!("usb:{path}"), &unpaced()).contains("not a device"));
}
