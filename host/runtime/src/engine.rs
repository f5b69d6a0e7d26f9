//! The engine that all rules of a process share.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails,
    WasmFeatures,
};

use crate::cache::Cache;
use crate::compiler::{Addresses, Compiler, CompilerProcess};
use crate::host_state::HostState;
use crate::lifecycle::TrustedKeys;
use crate::ticker::Ticker;
use crate::{abi, lifecycle, wasi};

/// How the engine is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeOptions {
    /// Folder for compiled components, made if missing; without one, each start compiles anew.
    pub cache_dir: Option<PathBuf>,
    /// Instances that may live at a time, the spare ones of a swap included.
    pub max_instances: u32,
    /// Bytes of an upload.
    pub max_plugin_size: usize,
    /// How finely time limits are kept: a call that overruns its limit is stopped within two of these. Each
    /// wakes a thread for some microseconds. At least 100 µs.
    pub tick: Duration,
    /// What the backtrace of a trap names.
    pub backtrace: Backtrace,
    /// Compiles components in processes of their own; without it they are compiled in this one, without limits.
    pub compiler: Option<CompilerProcess>,
    /// Keys of which one must have signed every upload; without any, nothing needs a signature.
    pub trusted_keys: TrustedKeys,
}

/// What the backtrace of a trap names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backtrace {
    /// The functions, as far as the component has their names. For hosts, which read nothing else of a guest.
    #[default]
    Functions,
    /// The source lines as well, where the component has debug information. For an author's own plugin.
    Lines,
}

impl Default for RuntimeOptions {
    fn default() -> RuntimeOptions {
        RuntimeOptions {
            cache_dir: None,
            max_instances: 1024,
            max_plugin_size: 32 << 20,
            tick: Duration::from_micros(500),
            backtrace: Backtrace::Functions,
            compiler: None,
            trusted_keys: TrustedKeys::default(),
        }
    }
}

/// Anything shorter would cost more than it limits.
const SHORTEST_TICK: Duration = Duration::from_micros(100);

/// The engine could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The WebAssembly engine refuses to start.
    #[error("the WebAssembly engine cannot start on this machine: {0}")]
    Engine(String),
    /// No thread for the time limits.
    #[error("cannot start the thread that keeps the time limits of rules: {0}")]
    Ticker(#[source] std::io::Error),
}

/// The engine with its linker, its clock and its cache. Clones share it.
///
/// The clock's thread ends, joined, when the last clone and the last thing made with it are gone.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    linker: Linker<HostState>,
    engine: Engine,
    options: RuntimeOptions,
    cache: Option<Cache>,
    compiler: Option<Compiler>,
    addresses: Addresses,
    _ticker: Ticker,
}

impl Runtime {
    /// Starts the engine. Where address space is short, instances are allocated one by one instead of from a
    /// pool. A cache folder that cannot be used is logged and done without.
    ///
    /// # Errors
    /// [`RuntimeError`] when the engine or its clock cannot start.
    pub fn new(mut options: RuntimeOptions) -> Result<Runtime, RuntimeError> {
        options.tick = options.tick.max(SHORTEST_TICK);
        let (engine, addresses) = match Engine::new(&pooled(&options)) {
            Ok(engine) => (engine, Addresses::Ample),
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "no pool for rule instances (is the address space limited?); allocating them one by one"
                );
                let scarce = Addresses::Scarce;
                (Engine::new(&config(scarce, options.backtrace)).map_err(engine_error)?, scarce)
            }
        };
        let mut linker = Linker::new(&engine);
        wasi::add_to_linker(&mut linker).map_err(engine_error)?;
        abi::v0_1::add_to_linker(&mut linker).map_err(engine_error)?;
        abi::v0_2::add_to_linker(&mut linker).map_err(engine_error)?;
        let ticker = Ticker::start(engine.clone(), options.tick).map_err(RuntimeError::Ticker)?;
        let cache = options.cache_dir.as_deref().and_then(|dir| Cache::open(dir, &engine));
        let compiler = options.compiler.clone().map(|process| Compiler::new(process, addresses));
        let inner = Inner { linker, engine, options, cache, compiler, addresses, _ticker: ticker };
        Ok(Runtime { inner: Arc::new(inner) })
    }

    /// The options it was made with.
    #[must_use]
    pub fn options(&self) -> &RuntimeOptions {
        &self.inner.options
    }

    /// Whether instances come from a pool.
    #[must_use]
    pub fn is_pooled(&self) -> bool {
        self.inner.addresses == Addresses::Ample
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn linker(&self) -> &Linker<HostState> {
        &self.inner.linker
    }

    pub(crate) fn compiler(&self) -> Option<&Compiler> {
        self.inner.compiler.as_ref()
    }

    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.inner.cache.as_ref()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn engine_error(error: wasmtime::Error) -> RuntimeError {
    RuntimeError::Engine(format!("{error:#}"))
}

/// An engine that compiles for the engines of hosts with such addresses, and for nothing else.
pub(crate) fn compiler(addresses: Addresses) -> Result<Engine, RuntimeError> {
    // Where instances are allocated does not change their code.
    Engine::new(&config(addresses, Backtrace::Functions)).map_err(engine_error)
}

fn config(addresses: Addresses, backtrace: Backtrace) -> Config {
    let mut config = Config::new();
    let features = lifecycle::features();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        // A panic alone takes a dozen frames before the function that is to blame.
        .wasm_backtrace_max_frames(NonZeroUsize::new(64))
        .wasm_backtrace_details(match backtrace {
            Backtrace::Functions => WasmBacktraceDetails::Disable,
            Backtrace::Lines => WasmBacktraceDetails::Enable,
        })
        .wasm_memory64(features.contains(WasmFeatures::MEMORY64))
        // The same numbers on every machine, so that a recording replays bit for bit anywhere.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true);
    if addresses == Addresses::Scarce {
        // The usual 4 GiB of addresses for each memory save bounds checks, and are what is short here.
        config.memory_reservation(0).memory_reservation_for_growth(1 << 20).memory_guard_size(64 << 10);
    }
    config
}

fn pooled(options: &RuntimeOptions) -> Config {
    let mut config = config(Addresses::Ample, options.backtrace);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(options)));
    config
}

/// Room for `max_instances` components. Limits here only reserve addresses; what an instance may use is
/// held by its store.
fn pool(options: &RuntimeOptions) -> PoolingAllocationConfig {
    let instances = options.max_instances.max(1);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        // A component from Rust has four core instances and one memory, an interpreter a few dozen.
        .total_core_instances(instances.saturating_mul(8))
        .max_core_instances_per_component(256)
        .total_memories(instances.saturating_mul(2))
        .max_memories_per_component(64)
        .total_tables(instances.saturating_mul(4))
        .max_tables_per_component(64)
        .table_elements(20_000)
        .max_memory_size(4 << 30)
        // Kept warm between instances, so that a swap pays no page faults for the usual small rule.
        .linear_memory_keep_resident(64 << 10)
        .table_keep_resident(4 << 10)
        .max_unused_warm_slots(16)
        .pagemap_scan(Enabled::No);
    pool
}
