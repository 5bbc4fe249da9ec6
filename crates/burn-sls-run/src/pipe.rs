//! What happens when the program's output cannot be written: nobody reads it any more, as after
//! `program | head -3`, or the disk with its file is full.

use std::io::{self, Write};
use std::panic;
use std::process;

/// 128 and the number of SIGPIPE: what a shell shows of a program that ended for want of a reader.
const NO_READER: i32 = 141;

/// What the macros that print begin their panics with.
const PRINTING: &str = "failed printing to ";

/// Ends the program once its standard output cannot be written: quietly if the reader is gone, and
/// with a sentence otherwise.
///
/// Rust ignores SIGPIPE, and the macros that print then panic with a message of the standard
/// library's. That panic is taken here, wherever it was printed from; any other goes its usual way.
pub fn end_with_the_reader() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let message = info.payload_as_str().unwrap_or_default();
        let Some(reason) = message.strip_prefix(PRINTING) else {
            return usual(info);
        };
        if reason.contains("Broken pipe") {
            process::exit(NO_READER);
        }
        // It may be standard error that cannot be written; then there is nobody to say it to.
        let _ = writeln!(
            io::stderr(),
            "error: what the program prints cannot be written to {reason}: free some space, or \
             send its output elsewhere"
        );
        process::exit(1);
    }));
}
