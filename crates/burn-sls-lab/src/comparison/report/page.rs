//! The report as a page that needs no other file.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use markdown::Options;

use burn_sls_run::RunError;

use crate::error::LabError;

const STYLE: &str = "\
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 1440px;
       margin: 2rem auto; padding: 0 1.5rem; }
p, ul { max-width: 52rem; }
h2 { margin-top: 3rem; border-bottom: 1px solid #ccc; padding-bottom: .3rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums;
  font-size: .92rem; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #ddd;
  white-space: nowrap; }
th { border-bottom: 2px solid #888; vertical-align: bottom; white-space: normal; max-width: 11rem; }
th:first-child, td:first-child { text-align: left; }
p:has(img) { max-width: 100%; }
img { max-width: 100%; height: auto; }
em { color: #555; }
";

/// A Markdown text as a page, with the pictures that it takes from `figures/` under `folder` in it.
pub(super) fn html(text: &str, folder: &Path) -> Result<String, LabError> {
    let body = markdown::to_html_with_options(text, &Options::gfm())
        .map_err(|error| RunError::file(folder.join("report.md"), error))?;
    let mut parts = body.split("src=\"figures/");
    let mut body = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (name, rest) = part.split_once('"').unwrap_or((part, ""));
        let picture = inlined(&folder.join("figures").join(name))?;
        body += &format!("src=\"{picture}\"{rest}");
    }
    // A wide table scrolls by itself, and not the page.
    let body = body
        .replace("<table>", "<div class=\"wide\"><table>")
        .replace("</table>", "</table></div>");
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Comparison</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n{body}</body>\n</html>\n"
    ))
}

/// A picture as an address that holds it.
fn inlined(path: &Path) -> Result<String, LabError> {
    let bytes = fs::read(path).map_err(|error| RunError::io(path, error))?;
    Ok(format!(
        "data:image/svg+xml;base64,{}",
        STANDARD.encode(bytes)
    ))
}
