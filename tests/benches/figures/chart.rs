//! Bars, as an SVG that a page shows: light and dark, as its reader has it.

use std::fmt::Write;

const WIDTH: usize = 720;
/// Where the bars begin, and how far they reach at most. Their numbers stand behind them.
const LEFT: usize = 250;
const LONGEST: f64 = 370.0;
const ROW: usize = 24;

/// Colours of text and bars on a light ground and on a dark one.
const STYLE: &str = "text{font:13px sans-serif;fill:#1f2328}.title{font-weight:bold}.name{text-anchor:end}\
                     rect{fill:#0969da}\
                     @media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#4493f8}}";

/// One thing, and its number.
pub(crate) struct Bar {
    name: String,
    value: f64,
}

impl Bar {
    pub(crate) fn new(name: &str, value: f64) -> Self {
        let name = name.to_owned();
        Self { name, value }
    }
}

/// Bars that are compared with each other.
pub(crate) struct Panel {
    title: String,
    bars: Vec<Bar>,
}

impl Panel {
    pub(crate) fn new(title: &str, bars: Vec<Bar>) -> Self {
        let title = title.to_owned();
        Self { title, bars }
    }
}

/// All panels, one below the other.
pub(crate) fn svg(panels: &[Panel]) -> String {
    let mut body = String::new();
    let mut y = 0;
    for Panel { title, bars } in panels {
        y += ROW;
        text(&mut body, "title", 8, y, title);
        let longest = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
        for Bar { name, value } in bars {
            y += ROW;
            text(&mut body, "name", LEFT - 10, y, name);
            // A bar that is nothing to the others is seen all the same.
            let length = (value / longest * LONGEST).max(1.0);
            let top = y - 13;
            // Writing to a String cannot fail.
            let _ = writeln!(
                body,
                r#"<rect x="{LEFT}" y="{top}" width="{length:.1}" height="16" rx="2"/>"#
            );
            let _ = writeln!(
                body,
                r#"<text x="{:.1}" y="{y}">{}</text>"#,
                length + 258.0,
                shown(*value)
            );
        }
        y += ROW / 2;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\" width=\"{WIDTH}\" role=\"img\">\n\
         <title>What the policies and preflight cost</title>\n<style>{STYLE}</style>\n{body}</svg>\n",
        y + ROW / 2
    )
}

fn text(body: &mut String, class: &str, x: usize, y: usize, text: &str) {
    let _ = writeln!(
        body,
        r#"<text class="{class}" x="{x}" y="{y}">{text}</text>"#
    );
}

/// Three digits are enough to compare.
fn shown(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else if value >= 1.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}
