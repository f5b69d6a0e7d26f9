//! What stands in the files, and what becomes of frames that do not get there.

use std::io::BufReader;

use ocellus_core::{CameraHandle, Embedding, FrameInfo, Rect, Track, TrackReading, TrackState};

use super::super::{Counts, Holds};
use super::*;
use crate::record::{RecordEnd, RecordReader, unpack};

const START: u64 = 1_700_000_000_000_000;

fn settings(folder: &std::path::Path) -> RecordingSettings {
    RecordingSettings {
        folder: folder.join("recordings"),
        file_span: Duration::from_secs(60),
        file_bytes: MIB,
        max_bytes: 100 * MIB,
        keep_free_bytes: 0,
    }
}

fn desk(settings: &RecordingSettings) -> (Desk, Arc<Shelf>) {
    let shelf = Arc::new(Shelf::new(settings.folder.clone()));
    (Desk::new(settings.clone(), Arc::clone(&shelf)), shelf)
}

fn gate() -> Name {
    Name::new("gate").unwrap()
}

/// The frame `sequence` of a camera with ten a second, with one track that looks different in each.
fn reading() -> TrackReading {
    TrackReading { track: 3, kind: "plate".to_owned(), text: "KDD4".to_owned(), confidence: 0.75 }
}

fn sight(sequence: u64, counts: &Arc<Counts>) -> RecordedSight {
    let track = Track {
        id: 3,
        class: 0,
        confidence: 0.9,
        state: TrackState::Confirmed,
        rect: Rect::new(10.5, 20.25, sequence as f32, 40.0),
        first_seen: TimeUs(START),
        ground: None,
    };
    let look = Embedding::new(&[1.0, sequence as f32, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
        .as_ref()
        .map(Embedding::rounded);
    RecordedSight {
        camera: gate(),
        classes: ["car".to_owned()].into(),
        info: FrameInfo {
            camera: CameraHandle(1),
            sequence,
            time: TimeUs(START + sequence * 100_000),
            size: Size::new(640, 384),
        },
        tracks: vec![track],
        embeddings: [look].into(),
        readings: [reading()].into(),
        holds: Holds { embeddings: true, readings: true },
        counts: Arc::clone(counts),
    }
}

/// The frames of each file, oldest first, and whether it is whole.
fn files(shelf: &Shelf) -> Vec<(Vec<u64>, bool)> {
    let read = |file: &super::super::RecordingFile| {
        let (input, _) = shelf.read(&file.camera, &file.file).unwrap().unwrap();
        let mut reader = RecordReader::new(unpack(BufReader::new(input)).unwrap()).unwrap();
        let mut sequences = Vec::new();
        while let Some(frame) = reader.next_frame().unwrap() {
            assert_eq!(frame.time, TimeUs(START + frame.sequence * 100_000));
            let wanted = sight(frame.sequence, &Arc::default());
            assert_eq!((&frame.tracks, &frame.embeddings), (&wanted.tracks, &wanted.embeddings));
            sequences.push(frame.sequence);
        }
        (sequences, reader.end() == Some(RecordEnd::Whole))
    };
    shelf.files().unwrap().iter().map(read).collect()
}

#[test]
fn a_file_ends_with_its_time_and_the_next_one_goes_on_without_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecordingSettings { file_span: Duration::from_secs(1), ..settings(folder.path()) };
    let (mut desk, shelf) = desk(&settings);
    let counts = Arc::default();
    (5..30).for_each(|sequence| desk.frame(&sight(sequence, &counts), Instant::now()));
    desk.end_all();
    let expected = [(5..15).collect(), (15..25).collect(), (25..30).collect()];
    assert_eq!(files(&shelf), expected.map(|frames: Vec<u64>| (frames, true)));
    assert_eq!(counts.frames.load(std::sync::atomic::Ordering::Relaxed), 25);
}

#[test]
fn a_file_ends_with_its_size_and_the_oldest_go_when_all_are_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecordingSettings { file_bytes: 1_000, max_bytes: 5_000, ..settings(folder.path()) };
    let (mut desk, shelf) = desk(&settings);
    for sequence in 0..600 {
        desk.frame(&sight(sequence, &Arc::default()), Instant::now());
        // What was packed is known when it is flushed.
        desk.flush(Instant::now());
    }
    desk.end_all();
    let kept = shelf.files().unwrap();
    let total: u64 = kept.iter().map(|file| file.bytes).sum();
    assert!(kept.len() >= 2 && total <= 5_000, "{total} in {kept:?}");
    assert!(kept.iter().all(|file| file.bytes < 1_600), "{kept:?}");
    assert_eq!(files(&shelf).last().unwrap().0.last(), Some(&599), "the newest stay");
}

#[test]
fn where_frames_are_missing_another_file_begins() {
    let folder = tempfile::tempdir().unwrap();
    let (mut desk, shelf) = desk(&settings(folder.path()));
    for sequence in [0, 1, 2, 7, 8] {
        desk.frame(&sight(sequence, &Arc::default()), Instant::now());
    }
    desk.end(&gate());
    assert_eq!(files(&shelf), [(vec![0, 1, 2], true), (vec![7, 8], true)]);
}

#[test]
fn what_was_flushed_is_there_when_the_program_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut desk, shelf) = desk(&settings(folder.path()));
    (0..4).for_each(|sequence| desk.frame(&sight(sequence, &Arc::default()), Instant::now()));
    desk.flush(Instant::now());
    (4..6).for_each(|sequence| desk.frame(&sight(sequence, &Arc::default()), Instant::now()));
    // Nothing of it is run any more.
    std::mem::forget(desk);
    assert_eq!(files(&shelf), [(vec![0, 1, 2, 3], false)]);
}

#[test]
fn a_file_that_is_removed_meanwhile_is_begun_anew_after_a_pause() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let (mut desk, shelf) = desk(&settings);
    let start = Instant::now();
    desk.frame(&sight(0, &Arc::default()), start);
    std::fs::remove_dir_all(&settings.folder).unwrap();
    desk.flush(start);
    assert!(shelf.pause.reason().unwrap().contains("was removed while it was written"));
    desk.frame(&sight(1, &Arc::default()), start + PAUSE);
    desk.end_all();
    assert_eq!(files(&shelf), [(vec![1], true)]);
}

#[test]
fn recording_pauses_while_the_disk_is_full_and_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let full = RecordingSettings { keep_free_bytes: u64::MAX, ..settings(folder.path()) };
    let (mut desk, shelf) = desk(&full);
    let (counts, start) = (Arc::<Counts>::default(), Instant::now());
    (0..5).for_each(|sequence| desk.frame(&sight(sequence, &counts), start));
    let reason = shelf.pause.reason().unwrap();
    assert!(reason.contains("are free on the disk of") && reason.contains("keep_free_mib"), "{reason}");
    assert_eq!(counts.missed.load(std::sync::atomic::Ordering::Relaxed), 5);
    desk.settings.keep_free_bytes = 0;
    desk.frame(&sight(5, &counts), start + Duration::from_secs(1));
    assert!(shelf.pause.reason().is_some(), "not before its time");
    desk.frame(&sight(6, &counts), start + PAUSE);
    assert!(shelf.pause.reason().is_some(), "nothing stands on the disk yet");
    desk.flush(start + PAUSE);
    assert_eq!(shelf.pause.reason(), None);
    desk.end_all();
    assert_eq!(files(&shelf), [(vec![6], true)]);
}

#[test]
fn a_folder_that_cannot_be_written_pauses_recording_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    std::fs::write(&settings.folder, "a file where the folder should be").unwrap();
    let (mut desk, shelf) = desk(&settings);
    desk.frame(&sight(0, &Arc::default()), Instant::now());
    let reason = shelf.pause.reason().unwrap();
    assert!(
        reason.contains("recordings are not written: the folder") && reason.contains("recordings cannot"),
        "{reason}"
    );
}
