//! The data of SVG paths in few characters: relative, and in tenths of a pixel.

/// How far a line may pass by a point of a curve that is left out, in pixels.
const TOLERANCE: f64 = 0.3;

/// The data of a path under construction, in whole multiples of its smallest number.
#[derive(Default)]
pub(super) struct Data {
    text: String,
    /// How many of the smallest number are 1: 10 for tenths.
    parts: i64,
    command: Option<char>,
    at: (i64, i64),
}

impl Data {
    /// Nothing yet; a number of the path is 1 in so many `parts`.
    pub(super) fn new(parts: i64) -> Self {
        Self {
            parts,
            ..Self::default()
        }
    }

    /// What stands in the attribute `d`.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn move_to(&mut self, to: (i64, i64)) {
        self.write('M', &[to.0, to.1]);
        self.at = to;
    }

    /// Nothing, if it leads nowhere.
    pub(super) fn line_to(&mut self, to: (i64, i64)) {
        match (to.0 - self.at.0, to.1 - self.at.1) {
            (0, 0) => {}
            (x, 0) => self.write('h', &[x]),
            (0, y) => self.write('v', &[y]),
            (x, y) => self.write('l', &[x, y]),
        }
        self.at = to;
    }

    pub(super) fn curve_to(&mut self, control: (i64, i64), to: (i64, i64)) {
        let (x, y) = self.at;
        let numbers = [control.0 - x, control.1 - y, to.0 - x, to.1 - y];
        self.write('q', &numbers);
        self.at = to;
    }

    pub(super) fn close(&mut self) {
        self.write('z', &[]);
    }

    fn write(&mut self, command: char, numbers: &[i64]) {
        // What follows a move without a command is a line.
        let mut apart = self.command == Some(command) && command != 'M';
        if !apart {
            self.text.push(command);
        }
        self.command = Some(command);
        for &number in numbers {
            if apart && number >= 0 {
                self.text.push(' ');
            }
            self.text.push_str(&decimal(number, self.parts));
            apart = true;
        }
    }
}

/// `-.3` for -3 of 10 parts.
fn decimal(number: i64, parts: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let (whole, rest) = (number.abs() / parts, number.abs() % parts);
    match (whole, rest) {
        (_, 0) => format!("{sign}{whole}"),
        (0, _) => format!("{sign}.{rest}"),
        _ => format!("{sign}{whole}.{rest}"),
    }
}

/// A coordinate to a tenth of a pixel.
pub(super) fn tenth(value: f64) -> String {
    decimal((value * 10.0).round() as i64, 10)
}

/// A line through points, without those that nobody would miss.
pub(super) fn through(points: &[(f64, f64)]) -> String {
    polygon(&simplified(points, TOLERANCE), 10).into_text()
}

/// The area within points. It is pale and without a line around it, so half as exact.
pub(super) fn area(points: &[(f64, f64)]) -> String {
    let mut data = polygon(&simplified(points, 2.0 * TOLERANCE), 1);
    data.close();
    data.into_text()
}

/// A rectangle from its least corner and its size.
pub(super) fn rectangle((x, y): (f64, f64), (width, height): (f64, f64)) -> String {
    let (right, below) = (x + width, y + height);
    let mut data = polygon(&[(x, y), (right, y), (right, below), (x, below)], 10);
    data.close();
    data.into_text()
}

fn polygon(points: &[(f64, f64)], parts: i64) -> Data {
    let whole = |value: f64| (value * parts as f64).round() as i64;
    let mut data = Data::new(parts);
    for (index, &(x, y)) in points.iter().enumerate() {
        match index {
            0 => data.move_to((whole(x), whole(y))),
            _ => data.line_to((whole(x), whole(y))),
        }
    }
    data
}

/// The points of path data that consists of straight lines in one piece, and whether it is closed.
pub(super) fn corners(data: &str) -> Option<(Vec<(f64, f64)>, bool)> {
    let closed = data.trim_end().ends_with('Z');
    let data = data.trim().trim_end_matches('Z').strip_prefix('M')?;
    let numbers = data.replace('L', " ");
    let numbers = numbers.split_whitespace().map(|number| number.parse().ok());
    let numbers: Vec<f64> = numbers.collect::<Option<_>>()?;
    let pairs = numbers.chunks_exact(2);
    let whole = pairs.remainder().is_empty();
    whole.then(|| (pairs.map(|pair| (pair[0], pair[1])).collect(), closed))
}

/// The algorithm of Ramer, Douglas and Peucker: between two points that stay, the one that is
/// farthest from the line between them stays too, if it is farther than the tolerance.
fn simplified(points: &[(f64, f64)], tolerance: f64) -> Vec<(f64, f64)> {
    let Some(last) = points.len().checked_sub(1) else {
        return Vec::new();
    };
    let mut kept = vec![false; points.len()];
    (kept[0], kept[last]) = (true, true);
    let mut stretches = vec![(0, last)];
    while let Some((begin, end)) = stretches.pop() {
        let between = (begin + 1)..end;
        let away = |index: usize| distance(points[index], points[begin], points[end]);
        let farthest = between.max_by(|&a, &b| away(a).total_cmp(&away(b)));
        if let Some(farthest) = farthest.filter(|&index| away(index) > tolerance) {
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
    fn a_path_is_relative_and_rounded_without_the_errors_adding_up() {
        let points = [(10.04, 0.0), (10.04, 20.0), (30.1, 20.02), (29.87, 5.0)];
        assert_eq!(through(&points), "M10 0v20h20.1l-.2-15");
        assert_eq!(area(&points), "M10 0v20h20v-15z");
        assert_eq!(rectangle((1.0, 2.0), (0.1, 4.52)), "M1 2h.1v4.5h-.1z");
        // A hundred steps of 0.04 pixels are 4 pixels, though none of them is a tenth.
        let zigzag: Vec<(f64, f64)> = (0..=100)
            .map(|step| (0.04 * f64::from(step), f64::from(step % 2)))
            .collect();
        assert_eq!(end(&through(&zigzag)), (40, 0));
    }

    /// Where a path ends, in tenths of a pixel.
    fn end(path: &str) -> (i64, i64) {
        let (mut x, mut y) = (0, 0);
        let letters = path.char_indices().filter(|(_, c)| c.is_ascii_alphabetic());
        let starts: Vec<usize> = letters
            .map(|(place, _)| place)
            .chain([path.len()])
            .collect();
        for bounds in starts.windows(2) {
            let (command, numbers) = path[bounds[0]..bounds[1]].split_at(1);
            let numbers = numbers.replace('-', " -");
            let tenths = |number: &str| (number.parse::<f64>().unwrap() * 10.0).round() as i64;
            let numbers: Vec<i64> = numbers.split_whitespace().map(tenths).collect();
            match command {
                "h" => x += numbers.iter().sum::<i64>(),
                "v" => y += numbers.iter().sum::<i64>(),
                _ => {
                    x += numbers.iter().step_by(2).sum::<i64>();
                    y += numbers.iter().skip(1).step_by(2).sum::<i64>();
                }
            }
        }
        (x, y)
    }

    #[test]
    fn what_lies_on_a_line_is_left_out_and_a_corner_stays() {
        let curve: Vec<(f64, f64)> = (0..100)
            .map(|x| (f64::from(x), 0.04 * f64::from(x % 2)))
            .chain([(100.0, 1.0), (101.0, 0.0)])
            .collect();
        assert_eq!(through(&curve), "M0 0h98 1l1 1 1-1");
        assert_eq!(through(&[(1.0, 2.0)]), "M1 2");
        assert_eq!(through(&[]), "");
    }

    #[test]
    fn only_straight_lines_in_one_piece_have_corners() {
        let expected = (vec![(1.0, 2.5), (3.0, 4.0)], true);
        assert_eq!(corners("M 1 2.5 L 3.0 4 Z"), Some(expected));
        for other in ["M 1 2 L 3 Z", "M 1 2 C 3 4 5 6 7 8", "M 1 2 M 3 4", ""] {
            assert_eq!(corners(other), None, "{other}");
        }
    }
}
