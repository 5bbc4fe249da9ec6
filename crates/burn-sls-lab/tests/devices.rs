//! What passes between processes in a step and in a trial, counted.
#![cfg(feature = "remote")]

use std::fs;
use std::process::Command;

use burn_sls_lab::devices::{Row, Setup};

#[test]
fn a_step_moves_the_model_twice_for_every_other_device_and_a_trial_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut lab = Command::new(env!("CARGO_BIN_EXE_sls-lab"));
    let words = "devices --most 3 --steps 6 --widths 64,128 --out";
    let ended = lab
        .args(words.split(' '))
        .arg(folder.path())
        .output()
        .expect("the program runs");
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let text = fs::read_to_string(folder.path().join("devices.json")).expect("numbers");
    let rows: Vec<Row> = serde_json::from_str(&text).expect("rows");
    assert_eq!(rows.len(), 12);
    for row in &rows {
        let others = (row.devices - 1) as f64;
        if row.setup == Setup::Threads || others == 0.0 {
            assert_eq!((row.step_bytes, row.trial_messages), (0.0, 0.0));
            continue;
        }
        // Beside parameters and gradients: the batch, losses, and what the messages are wrapped in.
        let parameters = 4.0 * row.parameters as f64;
        for (bytes, moved) in [(row.step_bytes, 2.0), (row.trial_bytes, 1.0)] {
            let wrapped = bytes / others - moved * parameters;
            assert!((0.0..12_000.0 * moved).contains(&wrapped), "{row:?}");
        }
        // Eight tensors: 46 messages of a step and 17 of a trial were counted.
        let messages = [(row.step_messages, 46.0), (row.trial_messages, 17.0)];
        for (messages, counted) in messages {
            assert!((messages / others / counted - 1.0).abs() < 0.25, "{row:?}");
        }
    }
    for file in ["report.md", "scale.svg"] {
        assert!(folder.path().join(file).exists(), "{file}");
    }

    // The page is made of the numbers alone.
    let page = || fs::read_to_string(folder.path().join("report.md")).expect("a page");
    let before = page();
    let mut again = Command::new(env!("CARGO_BIN_EXE_sls-lab"));
    again
        .args(["devices", "--again", "--out"])
        .arg(folder.path());
    assert!(again.status().expect("the program runs").success());
    assert_eq!(page(), before);
}
