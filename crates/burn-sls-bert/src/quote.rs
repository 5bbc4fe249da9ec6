//! Quotations from files in messages: escaped and cut, so that a message stays one short line
//! whatever the file holds.

/// The largest number of characters of a quotation.
const LONGEST: usize = 60;

/// The largest number of characters of what a library says about a file.
#[cfg(feature = "parquet")]
const LONGEST_REASON: usize = 200;

/// The largest number of names in a list.
const MOST: usize = 12;

/// A text from a file in quotation marks. If it is too long, its beginning and its length.
pub(crate) fn quoted(text: &str) -> String {
    match cut(text, LONGEST) {
        (shown, false) => format!("\"{shown}\""),
        (shown, true) => format!("\"{shown}…\" ({} bytes)", text.len()),
    }
}

/// Names from a file or folder, separated by commas. If there are too many, the first ones and how
/// many more there are.
pub(crate) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let shown = names
        .iter()
        .take(MOST)
        .map(|name| match cut(name.as_ref(), LONGEST) {
            (shown, false) if shown.is_empty() => "\"\"".to_owned(),
            (shown, false) => shown,
            (shown, true) => shown + "…",
        });
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What a library says about a file, which may quote from it.
#[cfg(feature = "parquet")]
pub(crate) fn reason(text: &str) -> String {
    match cut(text, LONGEST_REASON) {
        (shown, false) => shown,
        (shown, true) => shown + "…",
    }
}

/// A whole message, which may quote from a file, in one line and cut if it is longer.
pub(crate) fn one_line(text: impl Into<String>, longest: usize) -> String {
    let text = text.into();
    if text.len() <= longest && !text.contains(char::is_control) {
        return text;
    }
    let end = text.floor_char_boundary(longest);
    let shown = text[..end].replace(char::is_control, " ");
    match end < text.len() {
        true => format!("{shown}… ({} bytes)", text.len()),
        false => shown,
    }
}

/// The beginning of a text, escaped, and whether something was cut.
fn cut(text: &str, longest: usize) -> (String, bool) {
    let (mut shown, mut count) = (String::new(), 0);
    for letter in text.chars() {
        let escaped = letter.escape_debug();
        count += escaped.len();
        if count > longest {
            return (shown, true);
        }
        shown.extend(escaped);
    }
    (shown, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_quoted_as_it_is() {
        assert_eq!(quoted("good"), "\"good\"");
        assert_eq!(quoted(""), "\"\"");
        assert_eq!(quoted("a\r\"\u{0}"), "\"a\\r\\\"\\0\"");
        let full = "é".repeat(LONGEST);
        assert_eq!(quoted(&full), format!("\"{full}\""));
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_its_length_said() {
        let long = "é".repeat(LONGEST + 1);
        let shown = "é".repeat(LONGEST);
        assert_eq!(quoted(&long), format!("\"{shown}…\" (122 bytes)"));
        // Escapes count too.
        assert!(quoted(&"\u{202e}".repeat(50_000)).chars().count() < 100);
        assert!(quoted(&"\r".repeat(50_000)).chars().count() < 100);
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn the_reason_of_a_library_stays_on_one_line() {
        assert_eq!(reason("EOF: too small"), "EOF: too small");
        let text = reason(&"a\n".repeat(50_000));
        assert!(
            text.chars().count() <= 201 && !text.contains('\n'),
            "{text}"
        );
    }

    #[test]
    fn a_list_is_cut_in_both_directions() {
        assert_eq!(listed(&["a", "", "b c"]), "a, \"\", b c");
        let many = vec!["x".repeat(1000); 1000];
        let text = listed(&many);
        assert!(text.ends_with("x… and 988 more"), "{text}");
        assert!(text.chars().count() < 800, "{text}");
    }
}
