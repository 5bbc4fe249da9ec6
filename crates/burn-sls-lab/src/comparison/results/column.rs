//! A column of values, which in a file has equal values that follow each other only once.

use std::fmt;
use std::iter::repeat_n;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// From how many equal values on they are folded: two take no more room as they are.
const FOLDED: usize = 3;

/// The most values of a column: a damaged file must not fill the memory.
const MOST: usize = 100_000_000;

/// Values in their order. In JSON `[1, 2, 2, 2]` is `[1, [2, 3]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Column<T>(pub Vec<T>);

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for Column<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> FromIterator<T> for Column<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<T: Serialize + PartialEq> Serialize for Column<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut column = serializer.serialize_seq(None)?;
        for equal in self.chunk_by(PartialEq::eq) {
            match equal.len() {
                FOLDED.. => column.serialize_element(&(&equal[0], equal.len()))?,
                _ => equal
                    .iter()
                    .try_for_each(|value| column.serialize_element(value))?,
            }
        }
        column.end()
    }
}

impl<'de, T: Deserialize<'de> + Clone> Deserialize<'de> for Column<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

/// A value, or one with how often it stands there.
#[derive(Deserialize)]
#[serde(untagged)]
enum Item<T> {
    Folded(T, usize),
    Once(T),
}

struct Items<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Clone> Visitor<'de> for Items<T> {
    type Value = Column<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of values and of pairs `[value, count]`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Column<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(item) = items.next_element()? {
            let (value, count) = match item {
                Item::Folded(value, count) => (value, count),
                Item::Once(value) => (value, 1),
            };
            if count > MOST - values.len() {
                return Err(A::Error::custom(format!("more than {MOST} values")));
            }
            values.extend(repeat_n(value, count));
        }
        Ok(Column(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_stand_once_and_come_back() {
        let numbers = Column(vec![Some(1.5), None, None, None, Some(2.0), Some(2.0)]);
        let json = serde_json::to_string(&numbers).unwrap();
        assert_eq!(json, "[1.5,[null,3],2.0,2.0]");
        assert_eq!(
            serde_json::from_str::<Column<Option<f64>>>(&json).unwrap(),
            numbers
        );
        let words: Column<String> = serde_json::from_str(r#"[["step", 4], "skipped"]"#).unwrap();
        assert_eq!(*words, ["step", "step", "step", "step", "skipped"]);
    }

    #[test]
    fn a_count_that_would_fill_the_memory_is_refused() {
        let error = serde_json::from_str::<Column<f64>>("[0.5, [1.0, 1000000000000000]]");
        assert!(error.unwrap_err().to_string().contains("more than"));
    }
}
