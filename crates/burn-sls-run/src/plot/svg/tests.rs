use kuva::render::render::TextAnchor;

use super::*;

fn words(content: &str, y: f64) -> Primitive {
    Primitive::Text {
        x: 10.04,
        y,
        content: content.to_string(),
        size: 11,
        anchor: TextAnchor::End,
        rotate: (y > 50.0).then_some(-90.0),
        bold: false,
        color: None,
    }
}

fn line(x: f64) -> Primitive {
    Primitive::Line {
        x1: x,
        y1: 0.0,
        x2: x,
        y2: 5.000_000_1,
        stroke: Color::from("#cccccc"),
        stroke_width: 1.4000000000000001,
        stroke_dasharray: None,
    }
}

/// A tick, its number, another tick and a number on its side; and a curve that is clipped.
fn scene(clip: &str) -> Scene {
    let mut scene = Scene::new(120.0, 80.000_000_1);
    scene.font_family = Some("A \"font\"".to_string());
    let group = Primitive::GroupStart {
        transform: Some("translate(14,40.5890625)".to_string()),
        title: None,
        extra_attrs: None,
    };
    let clipped = Primitive::ClipStart {
        x: 0.0,
        y: 0.0,
        width: 20.0,
        height: 10.0,
        id: clip.to_string(),
    };
    let curve = Primitive::PolyLine {
        points: vec![(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 2.5)],
        stroke: Color::from("#0072b2"),
        stroke_width: 2.0,
        stroke_dasharray: None,
    };
    scene.elements = vec![
        group,
        line(1.0),
        words("a < b", 20.0),
        line(2.0),
        words("c", 60.0),
        clipped,
        curve,
        Primitive::ClipEnd,
        Primitive::GroupEnd,
    ];
    scene
}

#[test]
fn a_scene_is_short_and_the_same_whatever_its_clips_are_called() {
    let expected = r##"<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80" font-family="A &quot;font&quot;">
<defs><clipPath id="c0"><path d="M0 0h20v10h-20z"/></clipPath></defs>
<rect width="100%" height="100%" fill="white"/><g transform="translate(14,40.6)">
<path stroke="#cccccc" stroke-width="1.4" d="M1 0v5M2 0v5"/>
<g font-size="11" text-anchor="end"><text x="10" y="20">a &lt; b</text><text transform="translate(10 60)rotate(-90)">c</text></g>
<g clip-path="url(#c0)">
<path fill="none" stroke="#0072b2" stroke-width="2" d="M0 1l2 2 1-.5"/>
</g>
</g>
</svg>
"##;
    for clip in ["kuva-clip-7", "kuva-clip-8"] {
        assert_eq!(svg(&scene(clip), Fonts::TheReaders), expected);
    }
}

#[test]
fn outlines_bring_every_letter_with_them_and_leave_the_words_to_find() {
    let text = svg(&scene("kuva-clip-7"), Fonts::Outlines);
    let (head, body) = text.split_once("</defs>").unwrap();
    assert_eq!(head.matches("<path id=\"g").count(), 4);
    assert_eq!(body.matches("<use xlink:href=\"#g").count(), 4);
    for name in body.split("href=\"#").skip(1) {
        let name = name.split('"').next().unwrap();
        assert!(head.contains(&format!("id=\"{name}\"")), "{name}");
    }
    assert!(
        body.contains("translate(10 60)rotate(-90)scale(0.005371)"),
        "{body}"
    );
    let words =
        r#"<g fill-opacity="0" font-size="11" text-anchor="end"><text x="10" y="20">a &lt; b"#;
    assert!(body.contains(words), "{body}");
}
