//! What the host keeps beside each instance: its allowances, its clock, its log, its empty WASI.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ocellus_core::TimeUs;
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::deadline::Deadline;
use crate::limits::Terms;
use crate::log::{LogLevel, RuleLog};
use crate::values::ValueRoom;
use crate::wasi;

/// Elements over all tables of an instance.
const TABLE_ELEMENTS: usize = 200_000;
/// Core instances, tables and memories of one component; interpreters compiled to components have dozens.
const PARTS: usize = 256;
/// Host resources (streams, pollables) that a guest may hold at a time.
const RESOURCES: usize = 1024;

/// The frame's time, shared with the guest's clocks.
#[derive(Debug, Clone, Default)]
pub(crate) struct FrameClock(Arc<AtomicU64>);

impl FrameClock {
    pub(crate) fn set(&self, time: TimeUs) {
        self.0.store(time.0, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> TimeUs {
        TimeUs(self.0.load(Ordering::Relaxed))
    }
}

/// The log, shared with the guest's output streams.
#[derive(Debug, Clone)]
pub(crate) struct SharedLog(Arc<Mutex<RuleLog>>);

impl SharedLog {
    pub(crate) fn lock(&self) -> MutexGuard<'_, RuleLog> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The data of a store.
pub(crate) struct HostState {
    pub(crate) clock: FrameClock,
    pub(crate) log: SharedLog,
    /// The last lines on standard error in the current call.
    pub(crate) said: wasi::LastWords,
    pub(crate) stdout: wasi::LogOutput,
    pub(crate) stderr: wasi::LogOutput,
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) deadline: Deadline,
    pub(crate) values: ValueRoom,
    memory: usize,
    memory_limit: usize,
    table_elements: usize,
}

impl HostState {
    /// State of a new instance whose random numbers follow from `seed`.
    pub(crate) fn new(terms: &Terms, tick: Duration, seed: [u8; 32]) -> HostState {
        let limits = &terms.limits;
        let clock = FrameClock::default();
        let log = SharedLog(Arc::new(Mutex::new(RuleLog::new(limits.log_per_second))));
        let said = wasi::LastWords::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        HostState {
            stdout: wasi::LogOutput::new(LogLevel::Info, &clock, &log, None),
            stderr: wasi::LogOutput::new(LogLevel::Error, &clock, &log, Some(&said)),
            wasi: wasi::context(seed, &clock),
            clock,
            log,
            said,
            table,
            deadline: Deadline::new(tick),
            values: ValueRoom::new(limits.values),
            memory: 0,
            memory_limit: limits.memory,
            table_elements: 0,
        }
    }

    /// Writes a line to the rule's log. An error is also what a trap in this call is explained by: rules
    /// without a standard error have no other way to say why they end.
    pub(crate) fn write_log(&self, level: LogLevel, text: &str) {
        if level == LogLevel::Error {
            self.said.add(text);
        }
        self.log.lock().write(self.clock.now(), level, text);
    }

    /// Bytes of linear memory that the instance holds.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// The guest asked for more memory than its limit.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("memory of {wanted} bytes wanted, the limit is {limit}")]
pub(crate) struct MemoryExceeded {
    pub(crate) wanted: usize,
    pub(crate) limit: usize,
}

/// The guest asked for larger tables than any needs.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("tables of {wanted} elements wanted, the limit is {TABLE_ELEMENTS}")]
struct TablesExceeded {
    wanted: usize,
}

impl ResourceLimiter for HostState {
    /// Refuses by a trap: a guest that gets -1 from `memory.grow` aborts with less to say.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.memory.saturating_sub(current).saturating_add(desired);
        if wanted > self.memory_limit {
            return Err(MemoryExceeded { wanted, limit: self.memory_limit }.into());
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.memory = wanted;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.table_elements.saturating_sub(current).saturating_add(desired);
        if wanted > TABLE_ELEMENTS {
            return Err(TablesExceeded { wanted }.into());
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.table_elements = wanted;
        Ok(true)
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }

    fn memories(&self) -> usize {
        PARTS
    }
}
