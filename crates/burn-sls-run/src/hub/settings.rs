//! Where the hub is, who asks, and where downloads are kept.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// The hub that everybody uses.
const HUB: &str = "https://huggingface.co";

/// What a download needs to know, with the meanings and names of the hub's own programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address of the hub: `HF_ENDPOINT`, or <https://huggingface.co>.
    pub endpoint: String,
    /// Who asks: `HF_TOKEN`, or the first line of the file `HF_TOKEN_PATH` or `HF_HOME/token`. None
    /// of them if `HF_HUB_DISABLE_IMPLICIT_TOKEN` is set. It is sent to the hub alone.
    pub token: Option<String>,
    /// The folder of what was downloaded: `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE` or `HF_HOME/hub`.
    /// `HF_HOME` is `~/.cache/huggingface` if it is not set.
    pub cache: PathBuf,
    /// That the cache must do: `HF_HUB_OFFLINE` is set, and is none of `0`, `false`, `no` and `off`.
    pub offline: bool,
    /// How often an answer is asked for that breaks off, or that says that the hub is busy.
    pub attempts: u32,
    /// The longest time to wait for an answer to begin, and the time in which a download must make
    /// progress: 1,000 bytes a second on average.
    pub patience: Duration,
}

impl Settings {
    /// The settings of the environment.
    pub fn from_env() -> Self {
        Self::from_variables(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// The settings of variables that are set and not empty.
    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let on = |name| variable(name).is_some_and(|value| !is_off(&value));
        let home = variable("HF_HOME").map(PathBuf::from).unwrap_or_else(|| {
            let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
            let cache = cache.unwrap_or_else(|| {
                let home = env::home_dir().unwrap_or_else(env::temp_dir);
                home.join(".cache")
            });
            cache.join("huggingface")
        });
        let cache = variable("HF_HUB_CACHE").or_else(|| variable("HUGGINGFACE_HUB_CACHE"));
        let file = variable("HF_TOKEN_PATH").map(PathBuf::from);
        let file = file.unwrap_or_else(|| home.join("token"));
        let token = variable("HF_TOKEN").or_else(|| fs::read_to_string(file).ok());
        let token = token.map(|token| token.trim().to_string());
        Self {
            endpoint: variable("HF_ENDPOINT").unwrap_or_else(|| HUB.into()),
            token: token.filter(|token| !token.is_empty() && !on("HF_HUB_DISABLE_IMPLICIT_TOKEN")),
            cache: cache.map_or_else(|| home.join("hub"), PathBuf::from),
            offline: on("HF_HUB_OFFLINE"),
            attempts: 3,
            patience: Duration::from_secs(30),
        }
    }
}

fn is_off(value: &str) -> bool {
    let value = value.to_lowercase();
    ["0", "false", "no", "off"].contains(&value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        Settings::from_variables(|name| {
            let mut found = variables.iter().filter(|variable| variable.0 == name);
            found.next().map(|variable| variable.1.to_string())
        })
    }

    #[test]
    fn variables_mean_what_they_mean_to_the_programs_of_the_hub() {
        let folder = std::env::temp_dir().join(format!("burn-sls-settings-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("token"), "of-home\n").expect("written");
        fs::write(folder.join("other"), " of-file ").expect("written");
        let home = folder.display().to_string();
        let other = folder.join("other").display().to_string();

        let plain = settings(&[("HF_HOME", &home)]);
        assert_eq!(plain.endpoint, HUB);
        assert_eq!(plain.cache, folder.join("hub"));
        assert_eq!(plain.token.as_deref(), Some("of-home"));
        assert!(!plain.offline);

        let all = settings(&[
            ("HF_HOME", &home),
            ("HF_TOKEN_PATH", &other),
            ("HF_HUB_CACHE", "first"),
            ("HUGGINGFACE_HUB_CACHE", "second"),
            ("HF_ENDPOINT", "http://127.0.0.1:1"),
            ("HF_HUB_OFFLINE", "1"),
        ]);
        assert_eq!(all.token.as_deref(), Some("of-file"));
        assert_eq!(all.cache, PathBuf::from("first"));
        assert_eq!(all.endpoint, "http://127.0.0.1:1");
        assert!(all.offline);

        let off = ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
        let none = settings(&[("HF_HOME", &home), off, ("HF_HUB_OFFLINE", "False")]);
        assert_eq!((none.token, none.offline), (None, false));
        let xdg = settings(&[("XDG_CACHE_HOME", &home), ("HF_TOKEN", "given")]);
        assert_eq!(xdg.cache, folder.join("huggingface/hub"));
        assert_eq!(xdg.token.as_deref(), Some("given"));
        fs::remove_dir_all(folder).expect("removed");
    }
}
