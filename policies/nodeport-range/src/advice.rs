//! What to write instead of a number.

use crate::ports::PortSet;
use crate::scope::Scope;
use crate::service::{NodePort, Place, Service};
use crate::settings::{Apply, Settings};

/// What to do where nothing is left to write.
const NOTHING_LEFT: &str = "have the platform team allow another port in `ranges`";

/// At most this many places get a number of their own: preflight lists no more, and a message fewer.
const MAX_ADVISED: usize = 100;

/// Ports, each a bit. A flag of a byte for each makes the guest ask its host for another 64 KiB, which takes longer than
/// all the rest of an evaluation.
#[derive(Debug, Default)]
struct Taken(Vec<u8>);

impl Taken {
    /// What is no port is never asked for.
    fn add(&mut self, number: i64) {
        let Ok(port) = u16::try_from(number) else {
            return;
        };
        let place = usize::from(port / 8);
        if place >= self.0.len() {
            self.0.resize(place + 1, 0);
        }
        if let Some(byte) = self.0.get_mut(place) {
            *byte |= 1 << (port % 8);
        }
    }

    fn has(&self, number: i64) -> bool {
        u16::try_from(number).is_ok_and(|port| {
            let byte = self.0.get(usize::from(port / 8));
            byte.is_some_and(|byte| byte & 1 << (port % 8) != 0)
        })
    }
}

/// Gives each place another number, and always the same.
#[derive(Debug)]
pub(crate) struct Advice<'a> {
    scope: &'a Scope<'a>,
    service: &'a Service<'a>,
    /// The ports that no other Service gets by chance.
    band: PortSet,
    /// Whether each port is one of the Service, or was given already.
    taken: Taken,
    given: usize,
    /// Sets of which no port is left.
    exhausted: Vec<PortSet>,
}

impl<'a> Advice<'a> {
    pub(crate) fn new(scope: &'a Scope<'a>, service: &'a Service<'a>) -> Self {
        let ports = service.ports.iter().filter_map(|port| port.number);
        let mut advice = Self {
            scope,
            service,
            band: scope.settings.cluster_range.static_band(),
            taken: Taken::default(),
            given: 0,
            exhausted: Vec::new(),
        };
        for number in ports.chain(service.health_check()) {
            advice.taken.add(number);
        }
        advice
    }

    /// The settings that it follows.
    pub(crate) fn settings(&self) -> &'a Settings {
        self.scope.settings
    }

    /// What to do at a place about a number that may not be used.
    pub(crate) fn about(&mut self, number: &NodePort<'_>, place: Place) -> String {
        let elsewhere = number.elsewhere(place);
        let instead = self.instead(place, number.number, number.protocols(), &elsewhere);
        if !number.is_chosen {
            let range = self.scope.settings.cluster_range;
            return format!("{instead}: the API server chooses from all of {range}");
        }
        let settings = self.scope.settings;
        let is_port = matches!(place, Place::Port(_));
        // What a Service has already is filled in where it is left out: `patchAllocatedValues` in
        // `pkg/registry/core/service/storage/storage.go`.
        if !number.is_new || settings.apply == Apply::All || is_port && settings.require_explicit {
            instead
        } else if is_port && !self.service.is_allocated() {
            format!("{instead}, or leave it out")
        } else {
            format!("{instead}, or leave it out to get a free one")
        }
    }

    /// `set nodePort: 30080, or another one of 30000-30100`; from the static band where that is possible. Where the number
    /// stands elsewhere as well, as [`NodePort::elsewhere`] says, that is told.
    pub(crate) fn instead<'p>(
        &mut self,
        place: Place,
        number: i64,
        protocols: impl Iterator<Item = &'p str>,
        elsewhere: &str,
    ) -> String {
        if self.given == MAX_ADVISED {
            return another(place);
        }
        let free = self.scope.free(protocols);
        let static_part = free.within(&self.band);
        let advice = self.advise(place, number, (&static_part, &free), elsewhere);
        advice
            .or_else(|| self.advise(place, number, (&free, &free), elsewhere))
            .unwrap_or_else(|| NOTHING_LEFT.to_owned())
    }

    /// The same, and only from the static band. None where no port of it is left.
    pub(crate) fn in_static_band(&mut self, number: &NodePort<'_>) -> Option<String> {
        let place = number.place;
        if self.given == MAX_ADVISED {
            return Some(another(place));
        }
        let part = self.scope.free(number.protocols()).within(&self.band);
        let elsewhere = number.elsewhere(place);
        self.advise(place, number.number, (&part, &part), &elsewhere)
    }

    fn advise(
        &mut self,
        place: Place,
        number: i64,
        (candidates, free): (&PortSet, &PortSet),
        elsewhere: &str,
    ) -> Option<String> {
        let field = place.field();
        let is_taken = |port| self.taken.has(port);
        // Looking through the whole range again for each port takes quadratic time.
        if self.exhausted.contains(candidates) {
            return None;
        }
        let Some(port) = candidates.instead_of(number, is_taken) else {
            self.exhausted.push(candidates.clone());
            return None;
        };
        self.taken.add(port);
        self.given += 1;
        // A warning has no room for the long name and the others.
        let is_all = free.is_just(port) || place == Place::HealthCheck;
        Some(if is_all {
            format!("set {field}: {port}{elsewhere}")
        } else {
            format!("set {field}: {port}{elsewhere}, or another one of {free}")
        })
    }
}

/// What to do at a place behind those that get a number of their own.
fn another(place: Place) -> String {
    format!("set another {}", place.field())
}
