//! A figure as SVG: a few kilobytes, and the same ones for the same figure.
//!
//! The plotting library's own writer spends an element on every tick and up to seventeen digits on
//! a coordinate, and numbers what it clips from one figure to the next. Here a coordinate has a
//! tenth of a pixel, lines and words of one look are together, and curves have no more points than
//! one can see.

mod outlines;
mod path;
mod words;

use kuva::render::color::Color;
use kuva::render::math::to_unicode;
use kuva::render::render::{Primitive, Scene};

use super::Fonts;
use outlines::Outlines;
use path::{area, corners, rectangle, tenth, through};
use words::Words;

/// A scene of the plotting library as the text of an SVG file.
pub(super) fn svg(scene: &Scene, fonts: Fonts) -> String {
    let mut writer = Writer {
        outlines: (fonts == Fonts::Outlines).then(Outlines::new),
        ..Writer::default()
    };
    for element in &scene.elements {
        writer.element(element);
    }
    writer.write_gathered();

    let mut head = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}""#,
        tenth(scene.width),
        tenth(scene.height),
    );
    let xlink = "http://www.w3.org/1999/xlink".to_string();
    for (name, value) in [
        ("xmlns:xlink", writer.outlines.as_ref().map(|_| &xlink)),
        ("font-family", scene.font_family.as_ref()),
        ("fill", scene.text_color.as_ref()),
    ] {
        if let Some(value) = value {
            head += &format!(r#" {name}="{}""#, escaped(value));
        }
    }
    let outlines = writer.outlines.as_ref().map(Outlines::definitions);
    let clips =
        writer.clips.iter().enumerate().map(|(index, data)| {
            format!(r#"<clipPath id="c{index}"><path d="{data}"/></clipPath>"#)
        });
    let background = scene.background_color.as_ref().map(|color| {
        format!(
            r#"<rect width="100%" height="100%" fill="{}"/>"#,
            escaped(color)
        )
    });
    format!(
        "{head}>\n<defs>{}{}</defs>\n{}{}</svg>\n",
        clips.collect::<String>(),
        outlines.unwrap_or_default(),
        background.unwrap_or_default(),
        writer.body,
    )
}

/// Writes the elements of a scene.
#[derive(Default)]
struct Writer {
    body: String,
    /// The rectangles that are clipped to.
    clips: Vec<String>,
    /// Straight lines, words and outlines of words that have followed each other, by their look.
    /// They do not cover each other, so their order is free.
    lines: Vec<(String, String)>,
    words: Vec<(String, String)>,
    outlined: Vec<(String, String)>,
    outlines: Option<Outlines>,
}

impl Writer {
    fn element(&mut self, element: &Primitive) {
        if !matches!(
            element,
            Primitive::Line { .. } | Primitive::Text { .. } | Primitive::RichText { .. }
        ) {
            self.write_gathered();
        }
        match element {
            Primitive::Line {
                x1,
                y1,
                x2,
                y2,
                stroke,
                stroke_width,
                stroke_dasharray,
            } => {
                let look = stroked(stroke, *stroke_width, stroke_dasharray);
                let data = through(&[(*x1, *y1), (*x2, *y2)]);
                gather(&mut self.lines, look, &data);
            }
            Primitive::Text {
                x,
                y,
                content,
                size,
                anchor,
                rotate,
                bold,
                color,
            } => self.write_words(&Words {
                words: &to_unicode(content),
                at: (*x, *y),
                size: *size,
                anchor: *anchor,
                rotate: *rotate,
                bold: *bold,
                color: color.as_ref(),
            }),
            Primitive::RichText {
                x,
                y,
                spans,
                size,
                anchor,
                color,
            } => self.write_words(&Words {
                words: &spans
                    .iter()
                    .map(|span| span.text.as_str())
                    .collect::<String>(),
                at: (*x, *y),
                size: *size,
                anchor: *anchor,
                rotate: None,
                bold: false,
                color: color.as_ref(),
            }),
            Primitive::PolyLine {
                points,
                stroke,
                stroke_width,
                stroke_dasharray,
            } => {
                let look = stroked(stroke, *stroke_width, stroke_dasharray);
                let data = through(points);
                self.body += &format!("<path fill=\"none\"{look} d=\"{data}\"/>\n");
            }
            Primitive::Path(path) => {
                let data = match corners(&path.d) {
                    Some((points, true)) => area(&points),
                    Some((points, false)) => through(&points),
                    None => escaped(&path.d),
                };
                let fill = path
                    .fill
                    .as_ref()
                    .map_or("none".into(), Color::to_svg_string);
                let mut look = format!(" fill=\"{fill}\"");
                if let Some(opacity) = path.opacity {
                    look += &format!(" fill-opacity=\"{}\"", hundredth(opacity));
                }
                if path.stroke_width > 0.0 {
                    look += &stroked(&path.stroke, path.stroke_width, &path.stroke_dasharray);
                }
                self.body += &format!("<path{look} d=\"{data}\"/>\n");
            }
            Primitive::Rect {
                x,
                y,
                width,
                height,
                fill,
                stroke,
                stroke_width,
                opacity,
            } => {
                let look = filled(fill, *opacity, stroke.as_ref(), *stroke_width);
                let data = rectangle((*x, *y), (*width, *height));
                self.body += &format!("<path{look} d=\"{data}\"/>\n");
            }
            Primitive::RectBatch { x, y, w, h, fills } => {
                for (index, fill) in fills.iter().enumerate() {
                    let data = rectangle((x[index], y[index]), (w[index], h[index]));
                    let look = filled(fill, None, None, None);
                    self.body += &format!("<path{look} d=\"{data}\"/>\n");
                }
            }
            Primitive::Circle {
                cx,
                cy,
                r,
                fill,
                fill_opacity,
                stroke,
                stroke_width,
            } => {
                let look = filled(fill, *fill_opacity, stroke.as_ref(), *stroke_width);
                self.dots(&look, &[*cx], &[*cy], *r);
            }
            Primitive::CircleBatch {
                cx,
                cy,
                r,
                fill,
                fill_opacity,
                stroke,
                stroke_width,
            } => {
                let look = filled(fill, *fill_opacity, stroke.as_ref(), *stroke_width);
                self.dots(&look, cx, cy, *r);
            }
            Primitive::GroupStart { transform, .. } => {
                let transform = transform
                    .as_deref()
                    .map(rounded)
                    .map(|transform| format!(" transform=\"{}\"", escaped(&transform)));
                self.body += &format!("<g{}>\n", transform.unwrap_or_default());
            }
            Primitive::ClipStart {
                x,
                y,
                width,
                height,
                ..
            } => {
                let data = rectangle((*x, *y), (*width, *height));
                let there = self.clips.iter().position(|clip| *clip == data);
                let index = there.unwrap_or_else(|| {
                    self.clips.push(data);
                    self.clips.len() - 1
                });
                self.body += &format!("<g clip-path=\"url(#c{index})\">\n");
            }
            Primitive::GroupEnd | Primitive::ClipEnd => self.body += "</g>\n",
        }
    }

    fn dots(&mut self, look: &str, x: &[f64], y: &[f64], radius: f64) {
        self.body += &format!("<g{look}>");
        for (x, y) in x.iter().zip(y) {
            let (x, y, radius) = (tenth(*x), tenth(*y), tenth(radius));
            self.body += &format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>");
        }
        self.body += "</g>\n";
    }

    /// As text; and if outlines are wanted, as those, with the text in no colour: so a reader can
    /// find it and copy it, or have it read aloud.
    fn write_words(&mut self, words: &Words) {
        if let Some(outlines) = &mut self.outlines {
            let (look, group) = words.outlined(outlines);
            gather(&mut self.outlined, look, &group);
        }
        let (look, text) = words.text(self.outlines.is_some());
        gather(&mut self.words, look, &text);
    }

    fn write_gathered(&mut self) {
        for (look, data) in self.lines.drain(..) {
            self.body += &format!("<path{look} d=\"{data}\"/>\n");
        }
        for (look, words) in self.outlined.drain(..).chain(self.words.drain(..)) {
            self.body += &format!("<g{look}>{words}</g>\n");
        }
    }
}

/// Adds something to what has the same look.
fn gather(gathered: &mut Vec<(String, String)>, look: String, what: &str) {
    match gathered.iter_mut().find(|(other, _)| *other == look) {
        Some((_, together)) => together.push_str(what),
        None => gathered.push((look, what.to_string())),
    }
}

fn stroked(stroke: &Color, width: f64, dashes: &Option<String>) -> String {
    let stroke = stroke.to_svg_string();
    let mut look = format!(" stroke=\"{stroke}\" stroke-width=\"{}\"", hundredth(width));
    if let Some(dashes) = dashes {
        look += &format!(" stroke-dasharray=\"{}\"", escaped(dashes));
    }
    look
}

fn filled(
    fill: &Color,
    opacity: Option<f64>,
    stroke: Option<&Color>,
    stroke_width: Option<f64>,
) -> String {
    let mut look = format!(" fill=\"{}\"", fill.to_svg_string());
    if let Some(opacity) = opacity {
        look += &format!(" fill-opacity=\"{}\"", hundredth(opacity));
    }
    if let Some(stroke) = stroke {
        look += &stroked(stroke, stroke_width.unwrap_or(1.0), &None);
    }
    look
}

/// `translate(14,40.5890625)` with its numbers rounded.
fn rounded(transform: &str) -> String {
    let part = |part: &str| part.parse().map_or(part.to_string(), tenth);
    let numbers = transform.split_inclusive(['(', ',', ')']);
    let numbers = numbers.map(|piece| match piece.char_indices().next_back() {
        Some((end, separator @ ('(' | ',' | ')'))) => part(&piece[..end]) + &separator.to_string(),
        _ => piece.to_string(),
    });
    numbers.collect()
}

/// `1.4` for 1.4000000000000001.
fn hundredth(value: f64) -> String {
    ((value * 100.0).round() / 100.0).to_string()
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            _ => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests;
