//! Every way to harm a host that a test asks for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::ocellus::plugin::host::{Level, log};

/// Does what `deed` names; returns for deeds that are done elsewhere.
pub fn commit(deed: &str) {
    match deed {
        "loop" => endless(),
        "allocate" => hoard(),
        "trap" => panic!("trapped on request"),
        "divide" => _ = black_box(1) / black_box(0),
        "recurse" => _ = black_box(deep(1)),
        "exit" => std::process::exit(3),
        "slow" => _ = (0..3_000_000_u64).fold(0, |sum, turn| black_box(sum ^ turn)),
        "sleep" => std::thread::sleep(std::time::Duration::from_secs(3600)),
        "loop-in-realloc" => ALLOCATIONS_LEFT.store(8, Ordering::Relaxed),
        "log-flood" => (0..5_000).for_each(|_| log(Level::Info, &"x".repeat(100))),
        "log-long" => log(Level::Warn, &"x".repeat(2 << 20)),
        "print-flood" => (0..2_000).for_each(|_| println!("{}", "y".repeat(100))),
        "panic-long" => panic!("{}", "long ".repeat(10_000)),
        _ => {}
    }
}

fn endless() {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn hoard() {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(black_box(vec![1; 1 << 20]));
    }
}

#[expect(unconditional_recursion, reason = "what it is for")]
fn deep(level: u64) -> u64 {
    black_box(deep(black_box(level + 1)) + level)
}

/// A text that claims far more bytes than the memory has.
pub fn lying_text() -> String {
    let text = Box::leak(Box::new(*b"short"));
    unsafe { String::from_raw_parts(text.as_mut_ptr(), 3 << 29, 3 << 29) }
}

/// A text that is no text.
pub fn invalid_text() -> String {
    unsafe { String::from_utf8_unchecked(vec![b'a', 0xff, 0xfe]) }
}

/// A state that claims far more bytes than the memory has.
pub fn lying_state() -> Vec<u8> {
    let state = Box::leak(Box::new(*b"short"));
    unsafe { Vec::from_raw_parts(state.as_mut_ptr(), 3 << 29, 3 << 29) }
}

static ALLOCATIONS_LEFT: AtomicU32 = AtomicU32::new(u32::MAX);

struct Allocator;

/// Loops after some more allocations once it is told to; the host calls it to hand over arguments.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match ALLOCATIONS_LEFT.load(Ordering::Relaxed) {
            u32::MAX => {}
            0 => endless(),
            left => ALLOCATIONS_LEFT.store(left - 1, Ordering::Relaxed),
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;
