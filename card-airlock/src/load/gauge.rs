//! What AWS and the system have counted so far; the difference of two readings is what happened in between.

use std::{collections::BTreeMap, time::Duration};

use card_airlock_lambda::Counts;
use card_airlock_services::{CallKind, Service, Tally};
use serde::Serialize;

use super::process;
use crate::stack::Stack;

/// One reading.
pub(super) struct Gauge {
    tallies: BTreeMap<CallKind, Tally>,
    functions: BTreeMap<String, Work>,
}

/// What the processes of a function have done.
#[derive(Debug, Clone, Default)]
struct Work {
    role: String,
    memory_mib: u32,
    counts: Counts,
    cpu: BTreeMap<u32, Duration>,
    peak_memory_kib: Option<u64>,
}

/// What one function needed for one order, or one payment.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FunctionUse {
    pub(super) function: String,
    pub(super) invocations: f64,
    /// Its invocation time, which Lambda bills.
    pub(super) busy_ms: f64,
    pub(super) gb_seconds: f64,
    /// `None` if the system does not say it.
    pub(super) cpu_ms: Option<f64>,
    pub(super) peak_memory_mib: Option<f64>,
    pub(super) processes: usize,
}

/// One kind of call, for one order or one payment.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CallUse {
    pub(super) function: String,
    pub(super) service: &'static str,
    pub(super) operation: String,
    pub(super) calls: f64,
    pub(super) refused: f64,
    pub(super) wru: f64,
    pub(super) rru: f64,
    /// Events that a bus took.
    pub(super) events: f64,
}

/// What happened between two readings, for one order or one payment.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Use {
    pub(super) functions: Vec<FunctionUse>,
    pub(super) calls: Vec<CallUse>,
}

impl Gauge {
    pub(super) fn read(stack: &Stack) -> Self {
        let functions = stack.declared.functions.iter().filter_map(|declared| {
            let processes = stack.processes()?;
            let ids = processes.process_ids(&declared.logical_id);
            let cpu = ids.iter().filter_map(|id| Some((*id, process::cpu_time(*id)?))).collect();
            let work = Work {
                role: declared.role.clone(),
                memory_mib: declared.memory_mib,
                counts: processes.counts(&declared.logical_id),
                cpu,
                peak_memory_kib: ids.iter().filter_map(|id| process::peak_memory_kib(*id)).max(),
            };
            Some((declared.logical_id.clone(), work))
        });
        Self { tallies: stack.aws().tallies(), functions: functions.collect() }
    }

    /// What happened since `earlier`, divided by `orders`; only what did happen.
    pub(super) fn since(&self, earlier: &Self, orders: f64) -> Use {
        let functions = self.functions.iter().filter_map(|(function, now)| {
            let before = earlier.functions.get(function).cloned().unwrap_or_default();
            let invocations = now.counts.invocations - before.counts.invocations;
            let busy = now.counts.busy.saturating_sub(before.counts.busy);
            let spent = |id: &u32| before.cpu.get(id).copied().unwrap_or_default();
            let cpu: Duration = now.cpu.iter().map(|(id, time)| time.saturating_sub(spent(id))).sum();
            (invocations > 0).then(|| FunctionUse {
                function: function.clone(),
                invocations: count(invocations) / orders,
                busy_ms: milliseconds(busy) / orders,
                gb_seconds: busy.as_secs_f64() * f64::from(now.memory_mib) / 1024.0 / orders,
                cpu_ms: (!now.cpu.is_empty()).then(|| milliseconds(cpu) / orders),
                peak_memory_mib: now.peak_memory_kib.map(|peak| count(peak) / 1024.0),
                processes: now.cpu.len(),
            })
        });
        let function_of: BTreeMap<&str, &str> =
            self.functions.iter().map(|(function, work)| (&*work.role, &**function)).collect();
        let calls = self.tallies.iter().filter_map(|(kind, now)| {
            let function = function_of.get(&*kind.role)?;
            let before = earlier.tallies.get(kind).copied().unwrap_or_default();
            let units = now.units - before.units;
            (now.calls > before.calls).then(|| CallUse {
                function: (*function).to_owned(),
                service: kind.service.name(),
                operation: kind.operation.clone(),
                calls: count(now.calls - before.calls) / orders,
                refused: count(now.refused - before.refused) / orders,
                wru: units.write / orders,
                rru: units.read / orders,
                events: units.events / orders,
            })
        });
        Use { functions: functions.collect(), calls: calls.collect() }
    }
}

impl Use {
    /// What one function needed, and what the others did.
    pub(super) fn apart(self, function: &str) -> (Self, Self) {
        let (functions, other_functions) =
            self.functions.into_iter().partition(|used| used.function == function);
        let (calls, other_calls) = self.calls.into_iter().partition(|used| used.function == function);
        (Self { functions, calls }, Self { functions: other_functions, calls: other_calls })
    }

    pub(super) fn calls_of(&self, service: Service) -> f64 {
        self.calls.iter().filter(|call| call.service == service.name()).map(|call| call.calls).sum()
    }

    pub(super) fn wru(&self) -> f64 {
        self.calls.iter().map(|call| call.wru).sum()
    }

    pub(super) fn rru(&self) -> f64 {
        self.calls.iter().map(|call| call.rru).sum()
    }

    pub(super) fn events(&self) -> f64 {
        self.calls.iter().map(|call| call.events).sum()
    }

    /// `None` if the system does not say it for every function.
    pub(super) fn cpu_ms(&self) -> Option<f64> {
        self.functions.iter().map(|function| function.cpu_ms).sum()
    }

    pub(super) fn invocations(&self) -> f64 {
        self.functions.iter().map(|function| function.invocations).sum()
    }

    pub(super) fn gb_seconds(&self) -> f64 {
        self.functions.iter().map(|function| function.gb_seconds).sum()
    }
}

/// Every count here is far below the largest exact integer of a float.
pub(super) fn count(number: u64) -> f64 {
    number as f64
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
