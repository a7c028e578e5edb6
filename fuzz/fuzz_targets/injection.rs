#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtpipe_fuzz::injection::run(data));
