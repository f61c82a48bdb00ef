//! How large the modules are, and how long it takes to compile them.

use wasmparser::{Parser, Payload};

use crate::measure::{Guest, Guests, milliseconds, ratio};
use crate::report::Report;

const ROUNDS: usize = 9;

const MOST_BYTES: usize = 160_000;
/// How many times faster than the usual way a policy has to compile.
const LEAST_FASTER: f64 = 5.0;

pub(crate) fn measure(guests: &Guests, report: &mut Report) -> Result<(), String> {
    report.table(
        "Modules",
        &["module"],
        &[
            "wasm, bytes",
            "code",
            "data",
            "metadata",
            "compilation, ms",
            "faster than the usual way",
        ],
    );
    let policies: Vec<&Guest> = guests.policies.iter().collect();
    let all = [&[&guests.floor, &guests.usual], policies.as_slice()].concat();
    let times = Guests::compile_times(&all, ROUNDS)?;
    let usual = times.get(1).copied().unwrap_or_default();
    let (mut largest, mut least_faster) = (0, f64::MAX);
    for (position, (guest, time)) in all.into_iter().zip(times).enumerate() {
        let faster = ratio(usual, time);
        if position > 1 {
            largest = guest.wasm.len().max(largest);
            least_faster = faster.min(least_faster);
        }
        let [code, data, metadata] = sections(&guest.wasm)?;
        report.row(&[
            &guest.name,
            &guest.wasm.len().to_string(),
            &code.to_string(),
            &data.to_string(),
            &metadata.to_string(),
            &format!("{:.1}", milliseconds(time)),
            &format!("{faster:.1}"),
        ]);
    }
    report.target(
        &format!("a module has at most {MOST_BYTES} bytes"),
        &largest.to_string(),
        largest <= MOST_BYTES,
    );
    report.target(
        &format!("a module compiles at least {LEAST_FASTER:.0} times faster than the usual way"),
        &format!("{least_faster:.1}"),
        least_faster >= LEAST_FASTER,
    );
    Ok(())
}

/// The bytes of code, of data, and of what the module says of itself.
fn sections(wasm: &[u8]) -> Result<[usize; 3], String> {
    let [mut code, mut data, mut metadata] = [0; 3];
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|error| error.to_string())? {
            Payload::CodeSectionStart { range, .. } => code = range.len(),
            Payload::DataSection(section) => data = section.range().len(),
            Payload::CustomSection(section) => metadata += section.data().len(),
            _ => {}
        }
    }
    Ok([code, data, metadata])
}
