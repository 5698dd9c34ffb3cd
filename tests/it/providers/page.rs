//! The page, as text.

use std::{fs, path::Path, sync::LazyLock};

static PAGE: LazyLock<String> = LazyLock::new(|| {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PROVIDERS.md")).unwrap()
});

/// Panics unless this code stands in the page, in whatever lines.
pub(super) fn has(code: &str) {
    assert!(bare(&PAGE).contains(&bare(code)), "this is not in the page: {code}");
}

/// Without what formatters change.
fn bare(code: &str) -> String {
    let bare: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    bare.replace(",)", ")").replace(",}", "}").replace(",]", "]")
}

/// The first block of this language under this heading.
pub(super) fn block(heading: &str, language: &str) -> &'static str {
    let line = PAGE.lines().find(|line| line.trim_start_matches('#').trim() == heading);
    let line = line.unwrap_or_else(|| panic!("the page has no heading {heading:?}"));
    let (_, rest) = PAGE.split_once(&format!("\n{line}\n")).unwrap();
    let (_, rest) = rest.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// No set-up stands in the page that no test has taken from it.
#[test]
fn every_set_up_is_run() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/providers");
    let sources: String = fs::read_dir(here)
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let set_ups: Vec<_> = PAGE.lines().filter(|line| line.starts_with("fn ")).collect();
    assert!(set_ups.len() > 10, "{set_ups:?}");
    for set_up in set_ups {
        assert!(bare(&sources).contains(&bare(set_up)), "no test runs {set_up}");
    }
}

/// A heading in the page for each link to one.
#[test]
fn links_lead_somewhere() {
    let anchor = |heading: &str| {
        let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || *letter == ' ');
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    let headings = PAGE.lines().filter(|line| line.starts_with('#'));
    let anchors: Vec<_> =
        headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect();
    let links = PAGE.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap());
    let links: Vec<_> = links.collect();
    assert!(links.len() > 10, "{links:?}");
    for link in links {
        assert!(anchors.iter().any(|anchor| anchor == link), "#{link} is nowhere: {anchors:?}");
    }
}
