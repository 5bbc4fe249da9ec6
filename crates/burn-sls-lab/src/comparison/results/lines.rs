//! JSON in lines that a person can read: an array of numbers has one line, however long.

/// Breaks JSON without white space into lines: the items of an object with an array in it, and
/// those of an array of objects, have a line each; everything else stays on its line.
pub(super) fn broken(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 8);
    write(json, 0, &mut text);
    text.push('\n');
    text
}

fn write(json: &str, depth: usize, text: &mut String) {
    if !breaks(json) {
        text.push_str(json);
        return;
    }
    let line = |depth: usize| format!("\n{}", " ".repeat(depth));
    text.push_str(&json[..1]);
    for (index, item) in items(json).into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&line(depth + 1));
        let value = if json.starts_with('{') {
            value(item)
        } else {
            item
        };
        text.push_str(&item[..item.len() - value.len()]);
        if value.len() < item.len() {
            text.push(' ');
        }
        write(value, depth + 1, text);
    }
    text.push_str(&line(depth));
    text.push_str(&json[json.len() - 1..]);
}

fn breaks(json: &str) -> bool {
    let mut items = items(json).into_iter();
    match json.as_bytes().first() {
        Some(b'{') => items
            .map(value)
            .any(|value| value.starts_with('[') || breaks(value)),
        Some(b'[') => items.any(|item| item.starts_with('{')),
        _ => false,
    }
}

/// The items of an array or object, those of an object with their keys; none of anything else.
fn items(json: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut depth, mut begin, mut quoted, mut escaped) = (0, 1, false, false);
    for (place, byte) in json.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth -= 1;
                if depth == 0 && place > begin {
                    items.push(&json[begin..place]);
                }
            }
            b',' if depth == 1 => {
                items.push(&json[begin..place]);
                begin = place + 1;
            }
            _ => {}
        }
    }
    items
}

/// The value of an object's item: what follows the first colon outside its key.
fn value(item: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    let colon = item.bytes().position(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ => return !quoted && byte == b':',
        }
        false
    });
    colon.map_or(item, |colon| &item[colon + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_a_line_each_and_settings_one() {
        let json = r#"{"format":1,"runs":[{"set":{"c":0.3},"a, \"b\": [":{"b":[1,[2,3]]}},{}]}"#;
        let expected = r#"{
 "format": 1,
 "runs": [
  {
   "set": {"c":0.3},
   "a, \"b\": [": {
    "b": [1,[2,3]]
   }
  },
  {}
 ]
}
"#;
        assert_eq!(broken(json), expected);
        assert_eq!(broken("[1,2]"), "[1,2]\n");
    }
}
