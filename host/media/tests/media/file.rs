use std::path::Path;
use std::time::Duration;

use ocellus_core::Size;
use ocellus_media::{OpenOptions, Repeat, SourceError, SourceKind, SourceSpec, Stop, open};

use crate::support::*;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_clip_gives_all_its_pictures_at_their_times_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = clip(folder.path(), "clip.mp4", 30);
    let mut source = open_text(text(&path), &unpaced()).unwrap();
    let info = source.info().clone();
    assert_eq!(
        (info.size, info.frame_rate, info.frames, info.kind),
        (SIZE, Some(10.0), Some(30), SourceKind::Recording)
    );
    assert_eq!(info.duration, Some(Duration::from_secs(3)));
    let (pictures, error) = read_all(&mut *source);
    assert!(error.is_none(), "{error:?}");
    let times: Vec<u128> = pictures.iter().map(|picture| picture.time.as_millis()).collect();
    assert_eq!(times, (0..30).map(|number| number * 100).collect::<Vec<_>>());
    for (number, given) in pictures.iter().enumerate() {
        let expected = picture(SIZE, number);
        let error: u64 =
            expected.y().iter().zip(given.picture.y()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(error / (320 * 180) < 8, "picture {number} is off by {}", error / (320 * 180));
    }
    assert!(source.read().unwrap().is_none());
}

#[test]
fn every_number_of_threads_gives_the_same_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let path = clip(folder.path(), "clip.mp4", 40);
    let run = |threads| {
        let options = OpenOptions { threads, ..unpaced() };
        digest(&read_all(&mut *open_text(text(&path), &options).unwrap()).0)
    };
    let one = run(1);
    assert_eq!([run(1), run(2), run(4)], [one; 3]);
}

#[test]
fn a_loop_goes_on_in_time_with_the_same_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let path = clip(folder.path(), "clip.mp4", 5);
    let mut source = open_text(text(&path), &OpenOptions { repeat: Repeat::Loop, ..unpaced() }).unwrap();
    let pictures: Vec<_> = (0..17).map(|_| source.read().unwrap().unwrap()).collect();
    assert_times_increase(&pictures);
    assert_eq!(digest(&pictures[..5]), digest(&pictures[10..15]));
    assert_eq!(pictures[16].time, Duration::from_millis(1600));
}

#[test]
fn the_sources_text_goes_before_the_options() {
    let folder = tempfile::tempdir().unwrap();
    let path = clip(folder.path(), "a clip.mp4", 3);
    let spec = format!("file:{}?loop=true&pace=unpaced", text(&path).replace(' ', "%20"));
    let mut source = open_text(&spec, &OpenOptions::default()).unwrap();
    assert!((0..10).all(|_| source.read().unwrap().is_some()));
}

#[test]
fn a_paced_source_stops_while_it_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = clip(folder.path(), "clip.mp4", 3);
    // One picture a minute: without the stop this test would not end.
    let slow = folder.path().join("slow.mp4");
    if !ffmpeg(&["-itsscale", "600", "-i", text(&path), "-c", "copy", text(&slow)]) {
        return;
    }
    let stop = Stop::new();
    let mut source = open(&SourceSpec::parse(text(&slow)).unwrap(), &OpenOptions::default(), &stop).unwrap();
    source.read().unwrap();
    let stopper = std::thread::spawn({
        let stop = stop.clone();
        move || stop.stop()
    });
    assert!(source.read().unwrap_err().is_stopped());
    stopper.join().unwrap();
    assert!(source.read().unwrap_err().is_stopped());
}

#[test]
fn a_cut_off_file_gives_what_it_has_and_then_names_both_lengths() {
    let folder = tempfile::tempdir().unwrap();
    let path = clip(folder.path(), "clip.mp4", 100);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    for threads in [1, 2] {
        let mut source = open_text(text(&path), &OpenOptions { threads, ..unpaced() }).unwrap();
        let (pictures, error) = read_all(&mut *source);
        assert!((20..80).contains(&pictures.len()), "{}", pictures.len());
        let Some(SourceError::EndedEarly { declared, reached, .. }) = &error else { panic!("{error:?}") };
        assert_eq!(*declared, Duration::from_secs(10));
        assert_eq!(*reached, pictures.last().unwrap().time + Duration::from_millis(100));
        let message = error.unwrap().to_string();
        assert!(
            message.contains("10.000 s") && message.contains(&format!("{:.3} s", reached_s(&pictures))),
            "{message}"
        );
    }
}

fn reached_s(pictures: &[ocellus_media::SourcePicture]) -> f64 {
    pictures.last().unwrap().time.as_secs_f64() + 0.1
}

#[test]
fn a_file_that_lacks_less_than_a_second_ends_normally() {
    let folder = tempfile::tempdir().unwrap();
    let path = clip(folder.path(), "clip.mp4", 100);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - whole.len() / 200]).unwrap();
    let (pictures, error) = read_all(&mut *open_text(text(&path), &unpaced()).unwrap());
    assert!(error.is_none(), "{error:?}");
    assert!((91..100).contains(&pictures.len()), "{}", pictures.len());
}

#[test]
fn damage_in_the_middle_is_counted_and_not_fatal() {
    let folder = tempfile::tempdir().unwrap();
    let path = clip(folder.path(), "clip.mp4", 100);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 3000].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let mut source = open_text(text(&path), &unpaced()).unwrap();
    let (pictures, error) = read_all(&mut *source);
    assert!(error.is_none(), "{error:?}");
    assert!(pictures.len() > 50, "{}", pictures.len());
    assert!(source.damaged() > 0);
    assert_times_increase(&pictures);
}

#[test]
fn what_is_not_a_video_is_refused_in_plain_words() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let cases = [
        (write("empty.mp4", b""), "empty"),
        (write("noise.mp4", &[0x5a; 5000]), "not a video file"),
        (write("notes.txt", b"shopping list\nmilk\n".repeat(50).as_slice()), "not a video"),
        (write("header.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isomavc1"), "not a video file"),
        (folder.path().join("missing.mp4").to_str().unwrap().to_owned(), "no such file"),
        ("missing-too.mp4".to_owned(), "no such file in"),
        (folder.path().to_str().unwrap().to_owned(), "folder"),
        ("/dev/null".to_owned(), "regular file"),
    ];
    for (path, expected) in cases {
        let message = refusal(&path, &unpaced());
        assert!(message.contains(expected) && message.contains(path.as_str()), "{message}");
    }
}

#[test]
fn every_cut_of_a_header_is_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = clip(folder.path(), "clip.mp4", 3);
    let whole = std::fs::read(&path).unwrap();
    for length in (1..300).step_by(7) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let message = refusal(text(&path), &unpaced());
        let remedies = ["header", "supported format", "copy it again"];
        assert!(remedies.iter().any(|part| message.contains(part)), "{length}: {message}");
    }
}

#[test]
fn sound_without_pictures_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.m4a");
    if ffmpeg(&["-f", "lavfi", "-i", "sine=duration=1", text(&path)]) {
        assert!(refusal(text(&path), &unpaced()).contains("sound but no video"));
    }
}

#[test]
fn a_playlist_cannot_make_the_host_fetch_anything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.m3u8");
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let list = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://{}/x.ts\n",
        server.local_addr().unwrap()
    );
    std::fs::write(&path, list).unwrap();
    refusal(text(&path), &unpaced());
    assert!(server.accept().is_err());
}

#[test]
fn other_pixel_formats_and_odd_sizes_become_even_i420() {
    let folder = tempfile::tempdir().unwrap();
    let formats = [
        ("yuv422p", "ffv1"),
        ("yuv444p", "ffv1"),
        ("nv12", "rawvideo"),
        ("yuv420p10le", "ffv1"),
        ("gray", "ffv1"),
        ("bgr24", "rawvideo"),
        ("yuvj420p", "mjpeg"),
        ("yuvj422p", "mjpeg"),
        ("yuv420p", "ffv1"),
    ];
    for (format, codec) in formats {
        let path = folder
            .path()
            .join(format!("{format}-{codec}.{}", if codec == "rawvideo" { "nut" } else { "mkv" }));
        let source = "color=c=0x808080:s=321x179:r=10:d=0.5";
        if !ffmpeg(&["-f", "lavfi", "-i", source, "-pix_fmt", format, "-c:v", codec, text(&path)]) {
            return;
        }
        let (pictures, error) = read_all(&mut *open_text(text(&path), &unpaced()).unwrap());
        assert!(error.is_none(), "{format}: {error:?}");
        assert_eq!(pictures.len(), 5, "{format}");
        let picture = &pictures[4].picture;
        assert_eq!(picture.size(), Size::new(320, 178), "{format}");
        // Middle grey is luma 126 in limited range, whatever range the file had.
        for (plane, expected) in [(picture.y(), 126), (picture.u(), 128), (picture.v(), 128)] {
            let mean = plane.iter().map(|&v| f64::from(v)).sum::<f64>() / plane.len() as f64;
            assert!((mean - f64::from(expected)).abs() < 2.5, "{format}: {mean} is not {expected}");
        }
    }
}

#[test]
fn a_change_of_size_in_the_middle_is_scaled_to_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let part = |name: &str, size: &str| {
        let path = folder.path().join(name);
        let source = format!("testsrc=s={size}:r=10:d=1");
        ffmpeg(&["-f", "lavfi", "-i", &source, "-c:v", "libx264", "-pix_fmt", "yuv420p", text(&path)])
            .then(|| std::fs::read(&path).unwrap())
    };
    let (Some(small), Some(large)) = (part("a.ts", "320x180"), part("b.ts", "640x480")) else { return };
    let joined = folder.path().join("joined.ts");
    std::fs::write(&joined, [small, large].concat()).unwrap();
    let (pictures, error) = read_all(&mut *open_text(text(&joined), &unpaced()).unwrap());
    assert!(error.is_none(), "{error:?}");
    assert!(pictures.len() > 15, "{}", pictures.len());
    assert!(pictures.iter().all(|picture| picture.picture.size() == Size::new(320, 180)));
    assert_times_increase(&pictures);
}

#[test]
fn a_longer_sound_track_does_not_make_a_video_end_early() {
    let folder = tempfile::tempdir().unwrap();
    let path = clip(folder.path(), "clip.mp4", 20);
    for name in ["sound.mp4", "sound.mkv"] {
        let with_sound = folder.path().join(name);
        if !ffmpeg(&[
            "-i",
            text(&path),
            "-f",
            "lavfi",
            "-i",
            "sine=duration=9",
            "-c:v",
            "copy",
            text(&with_sound),
        ]) {
            return;
        }
        let (pictures, error) = read_all(&mut *open_text(text(&with_sound), &unpaced()).unwrap());
        assert!(error.is_none(), "{name}: {error:?}");
        assert_eq!(pictures.len(), 20, "{name}");
    }
}

#[test]
fn real_clips_give_their_known_number_of_pictures() {
    let Some(data) = data() else { return };
    for (name, frames) in [
        ("person-bicycle-car-detection.mp4", 459),
        ("one-by-one-person-detection.mp4", 1394),
        ("traffic_plates.mp4", 1384),
        ("bottle-detection.mp4", 1189),
    ] {
        let path = data.join("video").join(name);
        let mut source = open_text(text(&path), &OpenOptions { threads: 2, ..unpaced() }).unwrap();
        let (mut count, mut last) = (0, None);
        while let Some(picture) = source.read().unwrap_or_else(|error| panic!("{name}: {error}")) {
            assert!(last.is_none_or(|last| last < picture.time));
            last = Some(picture.time);
            count += 1;
        }
        assert_eq!(count, frames, "{name}, {} damaged", source.damaged());
    }
}
