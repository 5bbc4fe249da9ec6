//! What all pictures have.

/// The colours of Okabe and Ito, which most colour-blind readers can tell apart, and a grey.
pub(crate) const COLORS: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#b0a000",
];

/// What the plotting library clips to, it numbers from one figure of a program to the next. Here
/// each has the number of its place, so that a figure is the same whenever it is drawn.
pub(crate) fn renumbered(svg: &str) -> String {
    const NAME: &str = "kuva-clip-";
    let mut numbers: Vec<&str> = Vec::new();
    let mut parts = svg.split(NAME);
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let end = part.find(|letter: char| !letter.is_ascii_digit());
        let (number, rest) = part.split_at(end.unwrap_or(part.len()));
        let place = numbers.iter().position(|other| *other == number);
        let place = place.unwrap_or_else(|| {
            numbers.push(number);
            numbers.len() - 1
        });
        text += &format!("{NAME}{place}{rest}");
    }
    text
}
