//! Differences as an HTML page of its own: no script, nothing from elsewhere.

use std::fmt::Write as _;

use super::diff::Report;

/// The page. Everything that comes from profiles or messages is escaped.
pub(super) fn page(report: &Report) -> String {
    let mut rows = String::new();
    for (path, before, after, n) in &report.groups {
        let [path, before, after] = [path, before, after].map(|text| escaped(text));
        let _ = writeln!(
            rows,
            "<tr><td>{path}</td><td>{before}</td><td>{after}</td><td class=\"n\">{n}</td></tr>"
        );
    }
    let [from, to] = [&report.from, &report.to].map(|text| escaped(text));
    let (n_messages, n_changed) = (report.n_messages, report.n_changed);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <title>Profile diff: {from} to {to}</title>\n<style>\n\
         body{{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1b1f24}}\n\
         table{{border-collapse:collapse}}\n\
         th,td{{text-align:left;padding:.3rem .8rem;border-bottom:1px solid #d8dee4}}\n\
         td{{font-family:ui-monospace,monospace}}\n.n{{text-align:right}}\n</style></head><body>\n\
         <h1>From {from} to {to}</h1>\n\
         <p>{n_changed} of {n_messages} messages would be mapped differently.</p>\n\
         <table><thead><tr><th>Element</th><th>Before</th><th>After</th><th>Messages</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table>\n</body></html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            char => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        let report = Report {
            from: "a<b>".to_owned(),
            to: "c".to_owned(),
            n_messages: 1,
            n_changed: 1,
            groups: vec![(
                "Patient.name".to_owned(),
                "<script>\"x\"&'".to_owned(),
                "-".to_owned(),
                1,
            )],
        };
        let page = page(&report);
        assert!(
            page.contains("&lt;script&gt;&quot;x&quot;&amp;&#39;"),
            "{page}"
        );
        assert!(!page.contains("<script>") && !page.contains("a<b>"));
    }
}
