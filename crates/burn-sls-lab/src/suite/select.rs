//! Which families the arguments ask for.

use crate::suite::family::Family;
use crate::suite::files::{Files, FilesError};
use crate::suite::problems::families;

/// The families that match `patterns`: a name, a group, or the beginning of a name before `*`; all
/// of them, if there is no such pattern. With `!` before it a pattern takes families away.
///
/// # Errors
///
/// If a pattern matches none.
pub fn matching(patterns: &[String]) -> Result<Vec<&'static Family>, String> {
    let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
    for given in patterns {
        let (list, pattern) = match given.strip_prefix('!') {
            Some(pattern) => (&mut unwanted, pattern),
            None => (&mut wanted, given.as_str()),
        };
        if !families().iter().any(|family| matches(family, pattern)) {
            return Err(format!(
                "no family `{pattern}`: `sls-lab problems --list` has them"
            ));
        }
        list.push(pattern);
    }
    let any = |family: &Family, list: &[&str]| list.iter().any(|pattern| matches(family, pattern));
    let chosen = families()
        .iter()
        .filter(|family| (wanted.is_empty() || any(family, &wanted)) && !any(family, &unwanted));
    Ok(chosen.collect())
}

/// Those of [`matching`] that can be made: without files the families that read some are left out.
///
/// # Errors
///
/// If a pattern matches none, or none that can be made.
pub fn available(patterns: &[String], files: &Files) -> Result<Vec<&'static Family>, String> {
    let chosen = matching(patterns)?;
    for pattern in patterns.iter().filter(|given| !given.starts_with('!')) {
        let mut asked = families().iter().filter(|family| matches(family, pattern));
        if asked.all(|family| !can_be_made(family, files)) {
            return Err(FilesError::Missing(pattern.clone()).to_string());
        }
    }
    let chosen = chosen.into_iter();
    Ok(chosen.filter(|f| can_be_made(f, files)).collect())
}

/// The first family of each group.
pub fn quick(files: &Files) -> Vec<&'static Family> {
    let mut chosen: Vec<&'static Family> = Vec::new();
    for family in families().iter().filter(|f| can_be_made(f, files)) {
        if chosen.iter().all(|other| other.group != family.group) {
            chosen.push(family);
        }
    }
    chosen
}

fn matches(family: &Family, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => family.name.starts_with(start),
        None => family.name == pattern || family.group == pattern,
    }
}

fn can_be_made(family: &Family, files: &Files) -> bool {
    files.given() || !family.reads_files()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(patterns: &[&str], files: &Files) -> Result<Vec<&'static str>, String> {
        let patterns: Vec<String> = patterns.iter().map(|p| p.to_string()).collect();
        let chosen = available(&patterns, files)?;
        Ok(chosen.iter().map(|family| family.name).collect())
    }

    #[test]
    fn families_that_read_files_are_there_with_files() {
        let none = &Files::default();
        let some = &Files {
            data_dir: Some("glue".into()),
            model: Some("bert".to_string()),
        };
        let all = names(&[], some).expect("all");
        let without = names(&[], none).expect("those without files");
        assert_eq!(
            (all.len() - without.len(), all.len()),
            (4, families().len())
        );
        assert_eq!(names(&["!glue"], some), Ok(without));
        assert_eq!(names(&["glue-mrpc"], some), Ok(vec!["glue-mrpc"]));
        for pattern in ["glue", "glue-mrpc", "glue-*"] {
            let error = names(&["spirals", pattern], none).expect_err("an error");
            assert!(error.contains("--data-dir") && error.contains("--model"));
        }
        assert!(names(&["none-such"], some).is_err());
        assert_eq!(quick(some).len(), quick(none).len() + 1);
    }
}
