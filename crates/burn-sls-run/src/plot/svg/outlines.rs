//! Words as outlines of their letters: a picture looks the same where no font is installed.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kuva::backend::svg::SvgBackend;
use kuva::render::render::{Scene, TextAnchor};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::path::Data;

/// The outlines that a picture has used so far.
pub(super) struct Outlines {
    /// The upright font and the bold one.
    faces: [Face<'static>; 2],
    /// The path of each glyph by its identifier.
    used: BTreeMap<String, String>,
}

impl Outlines {
    /// None yet.
    ///
    /// # Panics
    ///
    /// If the plotting library has no fonts: the feature `embed_font` puts them there.
    pub(super) fn new() -> Self {
        let mut faces = fonts().iter().map(|font| Face::parse(font, 0));
        let mut face = || faces.next().and_then(Result::ok).expect("a font in kuva");
        Self {
            faces: [face(), face()],
            used: BTreeMap::new(),
        }
    }

    /// Words of so many pixels, in units of the font around the origin: what is in the group, and
    /// what the group is to be scaled by.
    pub(super) fn words(
        &mut self,
        words: &str,
        bold: bool,
        anchor: TextAnchor,
        size: u32,
    ) -> (String, f64) {
        let face = &self.faces[usize::from(bold)];
        let glyphs = words
            .chars()
            .map(|letter| face.glyph_index(letter).unwrap_or_default());
        let advance = |glyph: GlyphId| i64::from(face.glyph_hor_advance(glyph).unwrap_or(0));
        let width: i64 = glyphs.clone().map(advance).sum();
        let mut x = match anchor {
            TextAnchor::Start => 0,
            TextAnchor::Middle => -width / 2,
            TextAnchor::End => -width,
        };
        let mut uses = String::new();
        for glyph in glyphs {
            let mut outline = Outline(Data::new(1));
            // A space has none.
            if face.outline_glyph(glyph, &mut outline).is_some() {
                let name = format!("{}{}", if bold { "b" } else { "g" }, glyph.0);
                uses += &format!(r##"<use xlink:href="#{name}" x="{x}"/>"##);
                self.used.entry(name).or_insert(outline.0.into_text());
            }
            x += advance(glyph);
        }
        (uses, f64::from(size) / f64::from(face.units_per_em()))
    }

    /// The glyphs that were used, for `<defs>`.
    pub(super) fn definitions(&self) -> String {
        let used = self.used.iter();
        used.map(|(name, data)| format!(r#"<path id="{name}" d="{data}"/>"#))
            .collect()
    }
}

/// The fonts of the plotting library, which has them only as a block of style for its own SVG.
fn fonts() -> &'static [Vec<u8>] {
    static FONTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    FONTS.get_or_init(|| {
        let library = SvgBackend::new().with_embedded_font(true);
        let svg = library.render_scene(&Scene::new(1.0, 1.0));
        let encoded = svg.split("base64,").skip(1);
        let encoded = encoded.filter_map(|rest| rest.split('\'').next());
        encoded
            .filter_map(|font| STANDARD.decode(font).ok())
            .collect()
    })
}

/// An outline in units of the font, which counts them upwards.
struct Outline(Data);

fn point(x: f32, y: f32) -> (i64, i64) {
    (x.round() as i64, -y.round() as i64)
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(point(x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(point(x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.curve_to(point(x1, y1), point(x, y));
    }

    /// TrueType has none of these.
    fn curve_to(&mut self, _: f32, _: f32, _: f32, _: f32, x: f32, y: f32) {
        self.0.line_to(point(x, y));
    }

    fn close(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_letter_is_defined_once_and_stands_where_the_one_before_ends() {
        let mut outlines = Outlines::new();
        assert!(!outlines.faces[0].is_bold() && outlines.faces[1].is_bold());
        let (uses, scale) = outlines.words("l-l l", false, TextAnchor::Start, 16);
        assert_eq!(outlines.used.len(), 2);
        assert_eq!(uses.matches("<use ").count(), 4);
        assert_eq!(scale, 16.0 / 2048.0);
        // A hyphen is a rectangle, above the line that words stand on.
        let hyphen = outlines.used.values().find(|data| !data.contains('q'));
        let hyphen = hyphen.expect("a path without curves");
        assert!(hyphen.contains("h") && hyphen.contains("v"), "{hyphen}");

        let ends = |anchor| {
            let (uses, _) = Outlines::new().words("ll", false, anchor, 16);
            let places = uses.split("x=\"").skip(1);
            let places = places.filter_map(|rest| rest.split('"').next()?.parse::<i64>().ok());
            places.collect::<Vec<_>>()
        };
        let width = ends(TextAnchor::Start)[1];
        assert_eq!(ends(TextAnchor::Start), [0, width]);
        assert_eq!(ends(TextAnchor::Middle), [-width, 0]);
        assert_eq!(ends(TextAnchor::End), [-2 * width, -width]);
    }
}
