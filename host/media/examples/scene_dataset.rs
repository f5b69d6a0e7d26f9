//! Renders a scene for training: raw I420 frames to standard output, the truth as JSON lines to a file.
//!
//! `scene_dataset SCENE FRAMES EVERY TRUTH.jsonl`, for instance
//! `scene_dataset 'crossing?seed=3&fps=1' 30 3 truth.jsonl > frames.i420`: of the first 30 frames every third.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use ocellus_media::scene::{Scene, SceneSettings, write_truth, write_truth_header};

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Vec<String>) -> Result<(), Box<dyn std::error::Error>> {
    let [scene, frames, every, truth] = <[String; 4]>::try_from(arguments)
        .map_err(|_| "usage: scene_dataset SCENE FRAMES EVERY TRUTH.jsonl > FRAMES.i420")?;
    let settings: SceneSettings = scene.parse()?;
    let (frames, every): (u64, usize) = (frames.parse()?, every.parse()?);
    let mut scene = Scene::new(settings)?;
    let mut truth = BufWriter::new(File::create(truth)?);
    let mut pictures = BufWriter::new(io::stdout().lock());
    write_truth_header(&mut truth, scene.header())?;
    for index in (0..frames).step_by(every.max(1)) {
        let frame = scene.frame(index);
        write_truth(&mut truth, &frame.truth)?;
        pictures.write_all(frame.picture.data())?;
    }
    truth.flush()?;
    pictures.flush()?;
    Ok(())
}
