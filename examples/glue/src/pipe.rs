//! What happens when nobody reads the program's output any more, as after `glue units | head -3`.

use std::panic;
use std::process;

/// 128 and the number of SIGPIPE: what a shell shows of a program that ended for want of a reader.
const NO_READER: i32 = 141;

/// Ends the program quietly, once its standard output cannot be written because its reader is gone.
///
/// Rust ignores SIGPIPE, and the macros that print then panic with a message of the standard
/// library's. That panic is taken here, wherever it was printed from; any other goes its usual way.
pub fn end_with_the_reader() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let message = info.payload_as_str().unwrap_or_default();
        if message.starts_with("failed printing to std") && message.contains("Broken pipe") {
            process::exit(NO_READER);
        }
        usual(info);
    }));
}
