//! A limit on the size of files, as of `ulimit -f`.

/// Makes such a limit an error of the write that meets it, like a full disk.
///
/// Without this, the signal SIGXFSZ ends the program without a word. To ignore a signal takes
/// unsafe code; but a signal that a shell ignores stays ignored in the program that replaces the
/// shell. So where there is a limit, the program starts again through a shell, in the same process.
#[cfg(target_os = "linux")]
pub fn is_an_error() {
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::{env, fs};

    /// In the environment of a program that has started again.
    const STARTED_AGAIN: &str = "BURN_SLS_FILE_LIMIT_IS_AN_ERROR";
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let limited = limits
        .lines()
        .filter_map(|line| line.strip_prefix("Max file size"))
        .any(|limit| limit.split_whitespace().next() != Some("unlimited"));
    if !limited || env::var_os(STARTED_AGAIN).is_some() {
        return;
    }
    if let Ok(program) = env::current_exe()
        && program.is_file()
    {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
        let shell = shell.arg(program).args(env::args_os().skip(1));
        // It comes back only if there is no shell. Then the signal stays what it was.
        let _ = shell.env(STARTED_AGAIN, "1").exec();
    }
}

/// Other systems do not say what the limit is.
#[cfg(not(target_os = "linux"))]
pub fn is_an_error() {}
