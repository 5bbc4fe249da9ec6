//! Which pre-trained model the runs of a folder began from.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use burn_sls_run::files::put_whole;
use serde::{Deserialize, Serialize};

use crate::error::LabError;
use crate::suite::files::Files;

/// The file in the folder of the runs.
const FILE: &str = "model.json";

/// A model by its name, and by its weights.
#[derive(Debug, Deserialize, Serialize)]
struct Model {
    name: String,
    checksum: String,
}

/// Notes the model in the folder `out`, or compares it with the one noted there: a run is known by
/// the names of its problem and its competitor, and neither names the model.
///
/// # Errors
///
/// If the runs of the folder began from other weights, or a file cannot be read or written.
pub(crate) fn check(out: &Path, files: &Files) -> Result<(), LabError> {
    let folder = Path::new(files.model.as_deref().unwrap_or_default());
    let weights = folder.join("model.safetensors");
    let checksum = burn_sls_run::checksum::of_file(&weights);
    let checksum = checksum.map_err(|error| LabError::io(weights, error))?;
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    let model = Model {
        name: name.to_string_lossy().into_owned(),
        checksum,
    };
    let path = out.join(FILE);
    let io = |error: io::Error| LabError::io(&path, error);
    match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let text = serde_json::to_string_pretty(&model).map_err(|error| io(error.into()))?;
            put_whole(&path, text.as_bytes()).map_err(io)
        }
        Err(error) => Err(io(error)),
        Ok(text) => {
            let noted: Model = serde_json::from_slice(&text).map_err(|error| io(error.into()))?;
            match noted.checksum == model.checksum {
                true => Ok(()),
                false => Err(LabError::Usage(format!(
                    "the runs in {} began from another model, {}: give another --out",
                    out.display(),
                    noted.name
                ))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_to_one_model() {
        let folder = tempfile::tempdir().expect("a folder");
        let model = |name: &str, weights: &str| {
            let model = folder.path().join(name);
            fs::create_dir_all(&model).expect("a folder");
            fs::write(model.join("model.safetensors"), weights).expect("written");
            Files {
                data_dir: Some(folder.path().to_path_buf()),
                model: model.to_str().map(String::from),
            }
        };
        let check = |files: &Files| check(folder.path(), files).map_err(|e| e.to_string());
        assert_eq!(check(&model("small", "1")), Ok(()));
        assert_eq!(check(&model("moved", "1")), Ok(()));
        let error = check(&model("large", "2")).expect_err("another model");
        assert!(error.contains("another model, small"), "{error}");
    }
}
