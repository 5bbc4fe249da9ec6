//! Words of a picture, as text and as outlines.

use kuva::render::color::Color;
use kuva::render::render::TextAnchor;

use super::outlines::Outlines;
use super::path::tenth;
use super::{escaped, hundredth};

/// Words in one look.
pub(super) struct Words<'a> {
    pub(super) words: &'a str,
    /// Where their anchor is, in pixels.
    pub(super) at: (f64, f64),
    /// The size of the font, in pixels.
    pub(super) size: u32,
    pub(super) anchor: TextAnchor,
    /// Degrees clockwise.
    pub(super) rotate: Option<f64>,
    pub(super) bold: bool,
    pub(super) color: Option<&'a Color>,
}

impl Words<'_> {
    /// The attributes of a group that they fit in, and the words as an element of text.
    pub(super) fn text(&self, invisible: bool) -> (String, String) {
        let mut look = match invisible {
            true => " fill-opacity=\"0\"".to_string(),
            false => self.color(),
        };
        let anchor = match self.anchor {
            TextAnchor::Start => "start",
            TextAnchor::Middle => "middle",
            TextAnchor::End => "end",
        };
        look += &format!(" font-size=\"{}\" text-anchor=\"{anchor}\"", self.size);
        if self.bold {
            look += " font-weight=\"bold\"";
        }
        let place = match self.rotate {
            Some(_) => format!("transform=\"{}\"", self.place()),
            None => format!("x=\"{}\" y=\"{}\"", tenth(self.at.0), tenth(self.at.1)),
        };
        let text = format!("<text {place}>{}</text>", escaped(self.words));
        (look, text)
    }

    /// The attributes of a group that they fit in, and the words as a group of outlines.
    pub(super) fn outlined(&self, outlines: &mut Outlines) -> (String, String) {
        let (uses, scale) = outlines.words(self.words, self.bold, self.anchor, self.size);
        let place = self.place();
        let group = format!("<g transform=\"{place}scale({scale:.6})\">{uses}</g>");
        (self.color(), group)
    }

    fn place(&self) -> String {
        let turned = self
            .rotate
            .map(|angle| format!("rotate({})", hundredth(angle)));
        let (x, y) = (tenth(self.at.0), tenth(self.at.1));
        format!("translate({x} {y}){}", turned.unwrap_or_default())
    }

    fn color(&self) -> String {
        let color = self.color.map(Color::to_svg_string);
        color.map_or(String::new(), |color| format!(" fill=\"{color}\""))
    }
}
