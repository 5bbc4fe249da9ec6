//! A cost model: what a step and a trial take on several devices.
//!
//! With `N` devices, a model of `S` bytes, links of `B` bytes and messages of `L` seconds, `m` and
//! `m'` messages of a step and a trial for each device, and `c` seconds for the forward and the
//! backward pass of a device, of which a forward pass is a third:
//!
//! ```text
//!              step                                  trial
//! star         c + (N - 1)·(2·S/B + m·L)             c/3 + (N - 1)·(S/B + m'·L)
//! overlapped   the same                              max(c/3, (N - 1)·(S/B + m'·L))
//! tree         c + ⌈log2 N⌉·(2·S/B + m·L)            c/3 + ⌈log2 N⌉·(S/B + m'·L)
//! replicas     c + 2·(N - 1)·(S/(N·B) + L)           c/3 + 2·⌈log2 N⌉·L
//! ```

use serde::{Deserialize, Serialize};

use super::measure::{Row, Setup};

/// How devices exchange what a step needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// The main device sends the model to every other one, and adds their gradients up: Burn's
    /// `OptimMainDevice`, and so what this library does.
    Star,
    /// The same, where the transfers of a trial hide behind the computing of the next step.
    Overlapped,
    /// The model and the gradients are passed on along a binary tree.
    Tree,
    /// Every device keeps the model. Gradients are reduced around a ring, and a trial exchanges
    /// losses, whose bytes do not count.
    Replicas,
}

impl Exchange {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Star, Self::Overlapped, Self::Tree, Self::Replicas];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Star => "star",
            Self::Overlapped => "star, overlapped",
            Self::Tree => "tree",
            Self::Replicas => "replicas",
        }
    }
}

/// A link between two devices.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Bytes a second.
    pub bandwidth: f64,
    /// Seconds of a message, however short.
    pub latency: f64,
}

/// What is trained on every device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Bytes of the parameters.
    pub bytes: f64,
    /// Seconds of a forward and a backward pass.
    pub compute: f64,
    /// Messages of a step for a device.
    pub step_messages: f64,
    /// Messages of a trial for a device.
    pub trial_messages: f64,
}

impl Load {
    /// Seconds of a step without a trial.
    pub fn step(&self, exchange: Exchange, link: Link, devices: usize) -> f64 {
        let transfer = self.transfer(2.0, self.step_messages, link);
        self.compute + self.exchanged(exchange, link, devices, transfer, 2.0)
    }

    /// Seconds that a trial adds.
    pub fn trial(&self, exchange: Exchange, link: Link, devices: usize) -> f64 {
        let transfer = self.transfer(1.0, self.trial_messages, link);
        let exchanged = self.exchanged(exchange, link, devices, transfer, 0.0);
        let forward = self.compute / 3.0;
        match exchange {
            Exchange::Overlapped => forward.max(exchanged),
            _ => forward + exchanged,
        }
    }

    /// What so many trials a step add to its time, as a part of it.
    pub fn overhead(&self, exchange: Exchange, link: Link, devices: usize, trials: f64) -> f64 {
        trials * self.trial(exchange, link, devices) / self.step(exchange, link, devices)
    }

    /// Seconds for the model, so many times, over one link.
    fn transfer(&self, models: f64, messages: f64, link: Link) -> f64 {
        models * self.bytes / link.bandwidth + messages * link.latency
    }

    /// Seconds for all devices. Replicas pass their gradients on in so many rounds.
    fn exchanged(
        &self,
        exchange: Exchange,
        link: Link,
        devices: usize,
        transfer: f64,
        rounds: f64,
    ) -> f64 {
        let (others, count) = (devices as f64 - 1.0, devices as f64);
        let depth = count.log2().ceil();
        match exchange {
            Exchange::Star | Exchange::Overlapped => others * transfer,
            Exchange::Tree => depth * transfer,
            Exchange::Replicas if rounds > 0.0 => {
                rounds * others * (self.bytes / (count * link.bandwidth) + link.latency)
            }
            Exchange::Replicas => 2.0 * depth * link.latency,
        }
    }
}

/// The link that explains the steps of two processes best: what they take longer than two threads
/// is `bytes/B + messages·L`, by least squares of relative errors.
pub fn fitted(rows: &[Row]) -> Option<Link> {
    let threads = |row: &Row| {
        let same = |other: &&Row| {
            (other.setup, other.devices, other.parameters)
                == (Setup::Threads, row.devices, row.parameters)
        };
        rows.iter().find(same)
    };
    // The normal equations of bytes·x + messages·y = extra, each divided by its extra.
    let (mut aa, mut ab, mut bb, mut a1, mut b1) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let pairs = rows
        .iter()
        .filter(|row| row.setup == Setup::Processes && row.devices == 2);
    for row in pairs {
        let threads = threads(row)?;
        for (extra, bytes, messages) in [
            (row.step - threads.step, row.step_bytes, row.step_messages),
            (
                row.trial - threads.trial,
                row.trial_bytes,
                row.trial_messages,
            ),
        ] {
            if extra <= 0.0 {
                continue;
            }
            let (a, b) = (bytes / extra, messages / extra);
            aa += a * a;
            ab += a * b;
            bb += b * b;
            a1 += a;
            b1 += b;
        }
    }
    let determinant = aa * bb - ab * ab;
    let latency = (b1 * aa - a1 * ab) / determinant;
    let link = match latency > 0.0 {
        true => Link {
            bandwidth: determinant / (a1 * bb - b1 * ab),
            latency,
        },
        // Bytes alone explain it best.
        false => Link {
            bandwidth: aa / a1,
            latency: 0.0,
        },
    };
    (link.bandwidth.is_finite() && link.bandwidth > 0.0).then_some(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: Link = Link {
        bandwidth: 1e9,
        latency: 1e-4,
    };

    fn load(bytes: f64) -> Load {
        Load {
            bytes,
            compute: 0.3,
            step_messages: 46.0,
            trial_messages: 17.0,
        }
    }

    #[test]
    fn one_device_exchanges_nothing() {
        for exchange in Exchange::ALL {
            let load = load(1e9);
            assert_eq!(load.step(exchange, LINK, 1), 0.3);
            assert!((load.trial(exchange, LINK, 1) - 0.1).abs() < 1e-12);
        }
    }

    #[test]
    fn the_ways_differ_in_how_transfers_grow() {
        let load = load(1e8);
        // 2·0.1 s + 46·0.1 ms a device, and 0.1 s + 17·0.1 ms for a trial.
        let step = |exchange, devices| load.step(exchange, LINK, devices) - 0.3;
        assert!((step(Exchange::Star, 8) - 7.0 * 0.2046).abs() < 1e-9);
        assert!((step(Exchange::Tree, 8) - 3.0 * 0.2046).abs() < 1e-9);
        assert!((step(Exchange::Replicas, 8) - 14.0 * (0.0125 + 1e-4)).abs() < 1e-9);
        let trial = |exchange, devices| load.trial(exchange, LINK, devices);
        assert!((trial(Exchange::Star, 8) - 0.1 - 7.0 * 0.1017).abs() < 1e-9);
        assert!((trial(Exchange::Overlapped, 8) - 7.0 * 0.1017).abs() < 1e-9);
        assert!((trial(Exchange::Overlapped, 1) - 0.1).abs() < 1e-9);
        assert!((trial(Exchange::Replicas, 8) - 0.1 - 6e-4).abs() < 1e-9);
        let overhead = load.overhead(Exchange::Star, LINK, 8, 0.5);
        let (trial, step) = (trial(Exchange::Star, 8), 0.3 + step(Exchange::Star, 8));
        assert!((overhead - 0.5 * trial / step).abs() < 1e-12);
    }

    #[test]
    fn a_link_is_found_again() {
        let row = |setup, parameters: usize| {
            let apart = f64::from(u8::from(setup == Setup::Processes));
            let load = load(4.0 * parameters as f64);
            let (step_bytes, trial_bytes) = (2.0 * load.bytes, load.bytes);
            let seconds = |bytes: f64, messages: f64| {
                0.01 + apart * (bytes / LINK.bandwidth + messages * LINK.latency)
            };
            Row {
                setup,
                devices: 2,
                parameters,
                step: seconds(step_bytes, 46.0),
                trial: seconds(trial_bytes, 17.0),
                step_bytes: apart * step_bytes,
                trial_bytes: apart * trial_bytes,
                step_messages: apart * 46.0,
                trial_messages: apart * 17.0,
            }
        };
        let sizes = [10_000, 1_000_000];
        let rows = sizes.map(|size| [row(Setup::Threads, size), row(Setup::Processes, size)]);
        let link = fitted(&rows.concat()).expect("a link");
        assert!(
            (link.bandwidth / LINK.bandwidth - 1.0).abs() < 1e-6,
            "{link:?}"
        );
        assert!((link.latency / LINK.latency - 1.0).abs() < 1e-6, "{link:?}");
        assert_eq!(fitted(&[]), None);
    }
}
