//! A compiler's process for tests: what `ocellus` does with its hidden subcommand. With `hang` before the order it
//! waits for a component that never comes.

use std::io::Read;
use std::process::ExitCode;

struct Never;

impl Read for Never {
    fn read(&mut self, _buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            std::thread::park();
        }
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let compiled = match args.as_slice() {
        [word, order] if word == "hang" => ocellus_runtime::compile_as_child(order, Never, std::io::sink()),
        [order] => ocellus_runtime::compile_as_child(order, std::io::stdin(), std::io::stdout()),
        _ => {
            eprintln!("this program is started by tests");
            return ExitCode::from(2);
        }
    };
    match compiled {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_status())
        }
    }
}
