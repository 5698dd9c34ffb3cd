//! The plot: what each contender adds to a request, in units of one signature check.

use std::fmt::Write;

use super::results::{Named, Results};
use crate::{contender::Role, measure::Spread, row::Value, world::Failure};

const MEASURE: &str = "time added ÷ raw verify, RS256";

const WIDTH: f64 = 880.0;
/// Where bars begin, and where the axis ends.
const LEFT: f64 = 316.0;
const RIGHT: f64 = 810.0;
const TOP: f64 = 112.0;
const STEP: f64 = 44.0;
const BAR: f64 = 22.0;
/// A bar that is so much longer than the next one is cut, so that the others can be told apart.
const FAR: f64 = 2.5;

const STYLE: &str = "
  .paper { fill: #ffffff } text { fill: #1f2328; font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; font-size: 13px }
  .title { font-size: 19px; font-weight: 600 } .small { fill: #59636e; font-size: 11px } .axis { fill: #59636e; font-size: 12px }
  .value { font-weight: 600 } .grid { stroke: #d1d9e0 } .one { stroke: #bc4c00; stroke-dasharray: 5 3; stroke-width: 1.5 }
  .mark { fill: #bc4c00; font-size: 12px } .own { fill: #0969da } .peer { fill: #afb8c1 } .cut { fill: #ffffff } .spread { stroke: #1f2328; stroke-width: 1.2 }
  @media (prefers-color-scheme: dark) {
    .paper, .cut { fill: #0d1117 } text { fill: #e6edf3 } .small, .axis { fill: #9198a1 } .grid { stroke: #30363d }
    .one { stroke: #f0883e } .mark { fill: #f0883e } .own { fill: #4493f8 } .peer { fill: #6e7681 } .spread { stroke: #e6edf3 }
  }
";

struct Bar<'a> {
    named: &'a Named,
    own: bool,
    spread: Spread,
}

/// An SVG, the shortest bar first.
pub(super) fn of(results: &Results) -> Result<String, Failure> {
    let mut bars: Vec<Bar<'_>> = results.judging().filter_map(|one| bar(results, one)).collect();
    bars.sort_by(|one, other| one.spread.median.total_cmp(&other.spread.median));
    let scale = Scale::of(&bars);
    let mut out = String::new();
    let height = TOP + STEP * count(&bars) + 52.0;
    write!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="title desc">"#
    )?;
    write!(
        out,
        "\n<title id=\"title\">{TITLE}</title>\n<desc id=\"desc\">{}</desc>",
        described(&bars)
    )?;
    writeln!(
        out,
        "\n<style>{STYLE}</style>\n<rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\" rx=\"8\"/>"
    )?;
    heading(&mut out)?;
    let floor = TOP + STEP * count(&bars);
    axis(&mut out, &scale, floor)?;
    let mut top = TOP;
    for bar in &bars {
        drawn(&mut out, &scale, bar, top)?;
        top += STEP;
    }
    one(&mut out, &scale, floor)?;
    writeln!(out, "</svg>")?;
    Ok(out)
}

const TITLE: &str = "What authentication adds to a request, RS256";

fn heading(out: &mut String) -> Result<(), Failure> {
    writeln!(out, r#"<text class="title" x="24" y="38">{TITLE}</text>"#)?;
    let says =
        "Time added to a request without auth ÷ time to check one signature. Shorter is better.";
    writeln!(out, r#"<text class="axis" x="24" y="60">{says}</text>"#)?;
    for (x, class, says) in [(24.0, "own", "tower-bearer"), (140.0, "peer", "others")] {
        writeln!(out, r#"<rect class="{class}" x="{x}" y="76" width="12" height="12" rx="2"/>"#)?;
        writeln!(out, r#"<text class="axis" x="{}" y="86">{says}</text>"#, x + 18.0)?;
    }
    writeln!(out, r#"<line class="spread" x1="210" x2="230" y1="82" y2="82"/>"#)?;
    writeln!(out, r#"<text class="axis" x="237" y="86">10th to 90th percentile</text>"#)?;
    Ok(())
}

fn axis(out: &mut String, scale: &Scale, floor: f64) -> Result<(), Failure> {
    let mut tick = 0.0;
    while tick <= scale.end + 1e-9 {
        let x = scale.x(tick);
        writeln!(out, r#"<line class="grid" x1="{x:.1}" x2="{x:.1}" y1="{TOP}" y2="{floor}"/>"#)?;
        writeln!(
            out,
            r#"<text class="axis" x="{x:.1}" y="{}" text-anchor="middle">{tick}</text>"#,
            floor + 18.0
        )?;
        tick += scale.tick;
    }
    let (middle, below) = (f64::midpoint(LEFT, RIGHT), floor + 38.0);
    writeln!(
        out,
        r#"<text class="axis" x="{middle}" y="{below}" text-anchor="middle">signature checks</text>"#
    )?;
    Ok(())
}

/// Over the bars, as all but the cached ones have to check one.
fn one(out: &mut String, scale: &Scale, floor: f64) -> Result<(), Failure> {
    let x = scale.x(1.0);
    let top = TOP - 4.0;
    writeln!(out, r#"<line class="one" x1="{x:.1}" x2="{x:.1}" y1="{top}" y2="{floor}"/>"#)?;
    writeln!(
        out,
        r#"<text class="mark" x="{x:.1}" y="{}" text-anchor="middle">the signature alone</text>"#,
        TOP - 10.0
    )?;
    Ok(())
}

fn drawn(out: &mut String, scale: &Scale, bar: &Bar<'_>, top: f64) -> Result<(), Failure> {
    let Bar { named, own, spread } = bar;
    let label = LEFT - 12.0;
    let y = top + (STEP - BAR) / 2.0;
    let middle = y + BAR / 2.0;
    writeln!(
        out,
        r#"<text x="{label}" y="{:.1}" text-anchor="end">{}</text>"#,
        top + 19.0,
        escaped(&named.name)
    )?;
    writeln!(
        out,
        r#"<text class="small" x="{label}" y="{:.1}" text-anchor="end">{}</text>"#,
        top + 34.0,
        escaped(&short(&named.versions))
    )?;
    let class = if *own { "own" } else { "peer" };
    let is_cut = spread.median > scale.end;
    let end = if is_cut { RIGHT } else { scale.x(spread.median) };
    writeln!(
        out,
        r#"<rect class="{class}" x="{LEFT}" y="{y}" width="{:.1}" height="{BAR}" rx="2"/>"#,
        (end - LEFT).max(1.5)
    )?;
    let mut after = end;
    if is_cut {
        let (a, b, over, under) = (RIGHT - 40.0, RIGHT - 34.0, y - 2.0, y + BAR + 2.0);
        writeln!(
            out,
            r#"<path class="cut" d="M{} {over} L{} {over} L{b} {under} L{a} {under} Z"/>"#,
            a + 8.0,
            b + 8.0
        )?;
    } else {
        let (low, high) = (scale.x(spread.low.max(0.0)), scale.x(spread.high.min(scale.end)));
        after = after.max(high);
        writeln!(
            out,
            r#"<line class="spread" x1="{low:.1}" x2="{high:.1}" y1="{middle}" y2="{middle}"/>"#
        )?;
    }
    writeln!(
        out,
        r#"<text class="value" x="{:.1}" y="{:.1}">{}</text>"#,
        after + 7.0,
        middle + 4.5,
        Value::Ratio(*spread)
    )?;
    Ok(())
}

fn bar<'a>(results: &'a Results, (named, role): (&'a Named, Role)) -> Option<Bar<'a>> {
    let own = matches!(role, Role::Own | Role::Cached | Role::CachedByDigest);
    let spread = results.row(MEASURE, &named.name)?.value.spread()?;
    Some(Bar { named, own, spread })
}

/// From ratios to places.
struct Scale {
    end: f64,
    tick: f64,
}

impl Scale {
    /// Long enough for all bars but those that are far longer than the rest.
    fn of(bars: &[Bar<'_>]) -> Self {
        let mut longest = 1.0;
        for bar in bars {
            if bar.spread.median > longest * FAR && longest > 1.0 {
                break;
            }
            longest = bar.spread.median.max(longest);
        }
        let tick = if longest > 5.0 { 1.0 } else { 0.5 };
        Self { end: ((longest * 1.08) / tick).ceil() * tick, tick }
    }

    fn x(&self, ratio: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * ratio / self.end
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are few")]
fn count(bars: &[Bar<'_>]) -> f64 {
    bars.len() as f64
}

/// For those who do not see it.
fn described(bars: &[Bar<'_>]) -> String {
    let each = bars.iter().map(|bar| format!("{}: {}", bar.named.name, Value::Ratio(bar.spread)));
    format!("In units of one signature check. {}.", escaped(&each.collect::<Vec<_>>().join("; ")))
}

/// Without the name that stands above it: `1.0.0 · jsonwebtoken 11.1.0 (ring)`.
fn short(versions: &str) -> String {
    let (_, version) = versions.split_once(' ').unwrap_or(("", versions));
    let text = version.replace(", signatures by ", " · ");
    match text.split_once(", ") {
        Some((text, _)) => format!("{text})"),
        None => text,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(named: &Named, medians: &[f64]) -> Vec<f64> {
        let spread = |median| Spread { low: median, median, high: median };
        let bars: Vec<_> = medians
            .iter()
            .map(|median| Bar { named, own: false, spread: spread(*median) })
            .collect();
        vec![Scale::of(&bars).end]
    }

    #[test]
    fn one_that_is_far_longer_does_not_set_the_scale() {
        let named = Named { name: String::new(), versions: String::new() };
        assert_eq!(bars(&named, &[0.03, 1.1, 2.0]), [2.5]);
        assert_eq!(bars(&named, &[0.03, 1.1, 2.0, 13.9]), [2.5]);
        assert_eq!(bars(&named, &[0.03, 1.1, 2.0, 4.0]), [4.5]);
    }

    #[test]
    fn versions_are_short() {
        let long = "peer 0.8.3, signatures by jsonwebtoken 11.1.0 (ring, its only backend)";
        assert_eq!(short(long), "0.8.3 · jsonwebtoken 11.1.0 (ring)");
        assert_eq!(short("ours 0.1.0, signatures by aws-lc-rs 1.19.0"), "0.1.0 · aws-lc-rs 1.19.0");
    }
}
