use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ocellus_core::Size;
use ocellus_media::write::{VideoSettings, VideoWriter};

use crate::support::*;

const SETTINGS: VideoSettings = VideoSettings { size: SIZE, frame_rate: (10, 1) };

fn refused(path: &Path, settings: VideoSettings) -> String {
    match VideoWriter::create(path, settings) {
        Ok(_) => panic!("{} could be created", path.display()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn equal_pictures_give_equal_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let a = std::fs::read(clip(folder.path(), "a.mp4", 40)).unwrap();
    let b = std::fs::read(clip(folder.path(), "b.mp4", 40)).unwrap();
    assert_eq!(a, b);
}

#[test]
fn the_encoder_is_named_and_a_fraction_is_a_frame_rate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.mp4");
    let settings = VideoSettings { frame_rate: (30_000, 1001), ..SETTINGS };
    let mut writer = VideoWriter::create(&path, settings).unwrap();
    assert!(["libx264", "libopenh264", "mpeg4"].contains(&writer.encoder()));
    for number in 0..10 {
        writer.write(&picture(SIZE, number)).unwrap();
    }
    assert_eq!(writer.finish().unwrap(), 10);
    let source = open_text(path.to_str().unwrap(), &unpaced()).unwrap();
    assert!((source.info().frame_rate.unwrap() - 29.97).abs() < 0.01);
}

#[test]
fn paths_that_cannot_be_written_are_named_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(&folder.path().join("no/such/clip.mp4"), SETTINGS).contains("folder does not exist"));
    assert!(refused(folder.path(), SETTINGS).contains("it is a folder"));
    let zero = VideoSettings { frame_rate: (0, 1), ..SETTINGS };
    assert!(refused(&folder.path().join("clip.mp4"), zero).contains("frame rate"));
}

#[test]
fn a_full_disk_is_reported() {
    let mut writer = match VideoWriter::create(Path::new("/dev/full"), SETTINGS) {
        Ok(writer) => writer,
        Err(error) => return assert!(error.to_string().contains("disk is full"), "{error}"),
    };
    let mut result = Ok(());
    for number in 0..200 {
        result = result.and_then(|()| writer.write(&picture(SIZE, number)));
    }
    let error = result.and_then(|()| writer.finish().map(drop)).unwrap_err().to_string();
    assert!(error.contains("/dev/full") && error.contains("disk is full"), "{error}");
    assert!(Path::new("/dev/full").exists());
}

#[test]
fn an_unfinished_or_empty_video_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.mp4");
    let mut writer = VideoWriter::create(&path, SETTINGS).unwrap();
    writer.write(&picture(SIZE, 0)).unwrap();
    assert!(writer.write(&picture(Size::new(64, 64), 0)).unwrap_err().to_string().contains("64x64"));
    drop(writer);
    let empty = VideoWriter::create(&path, SETTINGS).unwrap();
    assert!(empty.finish().unwrap_err().to_string().contains("no picture"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_stood_there_stays_until_the_new_video_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("clip.mp4"), folder.path().join("link.mp4"));
    std::fs::write(&path, "the old one").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink("clip.mp4", &link).unwrap();
    let mut writer = VideoWriter::create(&link, SETTINGS).unwrap();
    writer.write(&picture(SIZE, 0)).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"the old one");
    writer.finish().unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut source = open_text(path.to_str().unwrap(), &unpaced()).unwrap();
    assert!(source.read().unwrap().is_some());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
