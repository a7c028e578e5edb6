#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtpipe_fuzz::peers::run(data));
