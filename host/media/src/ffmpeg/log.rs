//! FFmpeg's log as `tracing` events of target `ffmpeg`.
//!
//! FFmpeg reports every damaged macroblock as an error, and prints to stderr by default. What matters of
//! it reaches the user as the error of a call, so the lines are kept for debugging only.

/// Replaces FFmpeg's printing to stderr.
#[cfg(target_arch = "x86_64")]
pub(super) fn redirect() {
    ffmpeg_next::log::set_level(ffmpeg_next::log::Level::Warning);
    #[expect(unsafe_code, reason = "ffmpeg-next has no call for a log callback")]
    // SAFETY: the callback is a plain function that lives as long as the program and shares no state.
    unsafe {
        ffmpeg_next::ffi::av_log_set_callback(Some(callback));
    }
}

/// The layout of a `va_list`, which the callback hands on, is known for x86-64 only.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn redirect() {
    ffmpeg_next::log::set_level(ffmpeg_next::log::Level::Quiet);
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the signature is FFmpeg's, and only FFmpeg can format its arguments")]
unsafe extern "C" fn callback(
    context: *mut std::ffi::c_void,
    level: std::ffi::c_int,
    format: *const std::ffi::c_char,
    arguments: *mut ffmpeg_next::ffi::__va_list_tag,
) {
    use ffmpeg_next::ffi;

    // The level in the low byte; the rest is a colour.
    if (level & 0xff) > ffi::AV_LOG_WARNING || !tracing::enabled!(target: "ffmpeg", tracing::Level::DEBUG) {
        return;
    }
    let mut line = [0_u8; 512];
    let mut prefix: std::ffi::c_int = 1;
    // SAFETY: the pointers are those FFmpeg just gave; the line is as long as said and ends with NUL.
    let text = unsafe {
        ffi::av_log_format_line(
            context,
            level,
            format,
            arguments,
            line.as_mut_ptr().cast(),
            512,
            &raw mut prefix,
        );
        std::ffi::CStr::from_bytes_until_nul(&line).unwrap_or_default().to_string_lossy()
    };
    tracing::debug!(target: "ffmpeg", "{}", text.trim_end());
}
