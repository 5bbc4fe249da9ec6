//! An SVG of the plotting library in few bytes, and the same ones for the same figure.

/// How far a curve may pass by a point that is left out, in pixels.
const TOLERANCE: f64 = 0.3;

/// The same picture: its clips numbered by their place in it, which the library numbers from one
/// figure of a program to the next; and of every curve the points that one would miss.
pub(super) fn compact(svg: &str) -> String {
    let svg = numbered(svg);
    let mut parts = svg.split(" d=\"");
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (data, rest) = part.split_once('"').unwrap_or((part, ""));
        let data = match corners(data) {
            Some((points, closed)) => path(&simplified(&points), closed),
            None => data.to_string(),
        };
        text += &format!(" d=\"{data}\"{rest}");
    }
    text
}

fn numbered(svg: &str) -> String {
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

/// The points of path data that consists of straight lines in one piece, and whether it is closed.
fn corners(data: &str) -> Option<(Vec<(f64, f64)>, bool)> {
    let closed = data.trim_end().ends_with('Z');
    let data = data.trim().trim_end_matches('Z').strip_prefix('M')?;
    let numbers = data.replace('L', " ");
    let numbers = numbers.split_whitespace().map(|number| number.parse().ok());
    let numbers: Vec<f64> = numbers.collect::<Option<_>>()?;
    let pairs = numbers.chunks_exact(2);
    let whole = pairs.remainder().is_empty();
    whole.then(|| (pairs.map(|pair| (pair[0], pair[1])).collect(), closed))
}

/// Path data to a tenth of a pixel.
fn path(points: &[(f64, f64)], closed: bool) -> String {
    let tenth = |value: f64| (value * 10.0).round() / 10.0;
    let points = points.iter().enumerate().map(|(index, &(x, y))| {
        let command = if index == 0 { "M" } else { "L" };
        format!("{command}{} {}", tenth(x), tenth(y))
    });
    points.collect::<String>() + if closed { "Z" } else { "" }
}

/// The algorithm of Ramer, Douglas and Peucker: between two points that stay, the one that is
/// farthest from the line between them stays too, if it is farther than the tolerance.
fn simplified(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let Some(last) = points.len().checked_sub(1) else {
        return Vec::new();
    };
    let mut kept = vec![false; points.len()];
    (kept[0], kept[last]) = (true, true);
    let mut stretches = vec![(0, last)];
    while let Some((begin, end)) = stretches.pop() {
        let away = |index: usize| distance(points[index], points[begin], points[end]);
        let farthest = (begin + 1..end).max_by(|&a, &b| away(a).total_cmp(&away(b)));
        if let Some(farthest) = farthest.filter(|&index| away(index) > TOLERANCE) {
            kept[farthest] = true;
            stretches.extend([(begin, farthest), (farthest, end)]);
        }
    }
    let points = points.iter().zip(kept);
    points
        .filter_map(|(point, kept)| kept.then_some(*point))
        .collect()
}

/// How far a point is from the line between two others.
fn distance(point: (f64, f64), begin: (f64, f64), end: (f64, f64)) -> f64 {
    let (x, y) = (point.0 - begin.0, point.1 - begin.1);
    let (along_x, along_y) = (end.0 - begin.0, end.1 - begin.1);
    let length = along_x.powi(2) + along_y.powi(2);
    let part = match length > 0.0 {
        true => ((x * along_x + y * along_y) / length).clamp(0.0, 1.0),
        false => 0.0,
    };
    (x - part * along_x).hypot(y - part * along_y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_on_a_line_is_left_out_and_a_corner_stays() {
        let mut curve = String::from("M 0 0");
        for x in 1..100 {
            curve += &format!(" L {x} {}", 0.04 * f64::from(x % 2));
        }
        let svg =
            format!("<path d=\"{curve} L 100 1.04 L 101 0\"/><path d=\"M 1 2 C 3 4 5 6 7 8\"/>");
        let expected = "<path d=\"M0 0L98 0L99 0L100 1L101 0\"/><path d=\"M 1 2 C 3 4 5 6 7 8\"/>";
        assert_eq!(compact(&svg), expected);
        assert_eq!(
            compact("<path d=\"M 1 2 L 3 4 L 3 9 Z\"/>"),
            "<path d=\"M1 2L3 4L3 9Z\"/>"
        );
    }

    #[test]
    fn a_picture_is_the_same_whatever_its_clips_are_called() {
        let svg = |first: usize| {
            let second = first + 1;
            format!("id=\"kuva-clip-{first}\" #kuva-clip-{second} #kuva-clip-{first}")
        };
        assert_eq!(compact(&svg(7)), compact(&svg(123)));
    }
}
