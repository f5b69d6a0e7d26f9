//! Which execution provider runs which part of a model.
//!
//! ONNX Runtime hands nodes that a provider cannot run to the processor and says nothing about it; the
//! record of who got what is asked for here, so that it can be shown and refused.

use std::ffi::CStr;
use std::ptr;

use ort::AsPointer;
use ort::session::Session;

use crate::info::ExecutionProvider;

/// Makes a session keep the record.
pub(crate) const RECORD: (&str, &str) = ("session.record_ep_graph_assignment_info", "1");

/// The providers of a session that was built with [`RECORD`].
///
/// # Errors
/// What ONNX Runtime says when it has no record.
#[expect(unsafe_code, reason = "ort has no safe call for this part of ONNX Runtime's interface")]
pub(crate) fn of(session: &Session) -> Result<ExecutionProvider, ort::Error> {
    let api = ort::api();
    let mut parts: *const *const ort::sys::OrtEpAssignedSubgraph = ptr::null();
    let mut count = 0_usize;
    // SAFETY: the session is alive for the whole function; both results are written before they are read.
    unsafe {
        ort::Error::result_from_status((api.Session_GetEpGraphAssignmentInfo)(
            session.ptr(),
            &mut parts,
            &mut count,
        ))?;
    }
    let mut provider = ExecutionProvider::default();
    for index in 0..if parts.is_null() { 0 } else { count } {
        let mut name = ptr::null();
        let mut nodes: *const *const ort::sys::OrtEpAssignedNode = ptr::null();
        let mut node_count = 0_usize;
        // SAFETY: `parts` holds `count` pointers that live as long as the session; the name is a C string
        // of the same life and is copied at once.
        let name = unsafe {
            let part = *parts.add(index);
            ort::Error::result_from_status((api.EpAssignedSubgraph_GetEpName)(part, &mut name))?;
            ort::Error::result_from_status((api.EpAssignedSubgraph_GetNodes)(
                part,
                &mut nodes,
                &mut node_count,
            ))?;
            if name.is_null() { String::new() } else { CStr::from_ptr(name).to_string_lossy().into_owned() }
        };
        match provider.nodes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, total)) => *total += node_count,
            None => provider.nodes.push((name, node_count)),
        }
    }
    provider.nodes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(provider)
}
