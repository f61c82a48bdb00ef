//! Markdown: tables, and parts of a page that are written between marks.

/// Replaces what stands between the marks `<!-- make docs: NAME -->` and `<!-- end -->`.
pub fn part(text: &str, name: &str, body: &str) -> Result<String, String> {
    replace(
        text,
        &format!("<!-- make docs: {name} -->"),
        "<!-- end -->",
        body,
    )
}

/// Replaces the lines between a line that is `start` and the next one that is `end`.
pub fn replace(text: &str, start: &str, end: &str, body: &str) -> Result<String, String> {
    let missing = |mark: &str| format!("the line `{}` is missing", mark.trim());
    let start = format!("{start}\n");
    let (before, rest) = text.split_once(&start).ok_or_else(|| missing(&start))?;
    let end = format!("{end}\n");
    let at = if rest.starts_with(&end) {
        0
    } else {
        rest.find(&format!("\n{end}"))
            .ok_or_else(|| missing(&end))?
            + 1
    };
    Ok(format!(
        "{before}{start}{body}{}",
        rest.get(at..).unwrap_or_default()
    ))
}

/// Turns links to files of the repository into links to the web: a page in `folder` is read elsewhere, and `base` is where
/// the top of the repository is.
#[must_use]
pub fn absolute(text: &str, folder: &str, base: &str) -> String {
    let mut parts = text.split("](");
    let mut page = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        page.push_str("](");
        let link = part.split(')').next().unwrap_or_default();
        if !link.starts_with('#') && !link.contains("://") {
            let mut names: Vec<&str> = folder.split('/').collect();
            for name in link.split('/') {
                match name {
                    ".." => drop(names.pop()),
                    name => names.push(name),
                }
            }
            page.push_str(base);
            page.push('/');
            page.push_str(&names.join("/"));
        } else {
            page.push_str(link);
        }
        page.push_str(part.get(link.len()..).unwrap_or_default());
    }
    page
}

/// A table. The cells may be Markdown.
#[must_use]
pub fn table<const COLUMNS: usize>(head: [&str; COLUMNS], rows: &[[String; COLUMNS]]) -> String {
    let line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = line(&mut head.iter().map(|cell| (*cell).to_owned()));
    text.push_str(&line(&mut head.iter().map(|_| "---".to_owned())));
    for row in rows {
        text.push_str(&line(&mut row.iter().map(|cell| escape(cell))));
    }
    text
}

/// Markdown as it can stand in a cell: in one line, its bars escaped, also those in code, and no tags in its prose.
fn escape(cell: &str) -> String {
    let mut escaped = String::new();
    let mut in_code = false;
    for character in cell.chars() {
        match character {
            '`' => {
                in_code = !in_code;
                escaped.push('`');
            }
            '|' => escaped.push_str("\\|"),
            '\n' => escaped.push(' '),
            '<' if !in_code => escaped.push_str("&lt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A text as code.
#[must_use]
pub fn code(text: &str) -> String {
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_are_links_to_the_web_elsewhere() {
        let page = "[a](b.md), [c](../../d/e.md#f) and [g](#h), [i](https://example.com/j)";
        assert_eq!(
            absolute(page, "policies/web", "https://x.com/y"),
            "[a](https://x.com/y/policies/web/b.md), [c](https://x.com/y/d/e.md#f) and [g](#h), \
             [i](https://example.com/j)"
        );
        assert_eq!(absolute("none", "a", "b"), "none");
    }

    #[test]
    fn cells_cannot_break_a_table() {
        let rows = [["`a|b`".to_owned(), "two\nlines | <b> `<c>`".to_owned()]];
        assert_eq!(
            table(["x", "y"], &rows),
            "| x | y |\n| --- | --- |\n| `a\\|b` | two lines \\| &lt;b> `<c>` |\n"
        );
    }

    #[test]
    fn a_part_is_replaced_whole_and_twice_the_same() {
        let text = "a\n<!-- make docs: t -->\nold\nold\n<!-- end -->\nb\n<!-- end -->\n";
        let once = part(text, "t", "new\n").unwrap();
        assert_eq!(
            once,
            "a\n<!-- make docs: t -->\nnew\n<!-- end -->\nb\n<!-- end -->\n"
        );
        assert_eq!(part(&once, "t", "new\n").unwrap(), once);
        let empty = part(&once, "t", "").unwrap();
        assert_eq!(
            empty,
            "a\n<!-- make docs: t -->\n<!-- end -->\nb\n<!-- end -->\n"
        );
        assert_eq!(part(&empty, "t", "new\n").unwrap(), once);
        assert_eq!(
            part(text, "u", "").unwrap_err(),
            "the line `<!-- make docs: u -->` is missing"
        );
        assert_eq!(
            part("<!-- make docs: t -->\n", "t", "").unwrap_err(),
            "the line `<!-- end -->` is missing"
        );
    }
}
