//! Plays inputs to a target: `play TARGET FILE...`, without a fuzzer. With the feature `talk`, `session_hostile` shows each step.

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().expect("a target");
    let (_, run) = smtpipe_fuzz::TARGETS.iter().find(|(target, _)| *target == name).expect("a known target");
    for path in arguments {
        run(&std::fs::read(&path).expect("a file that can be read"));
        println!("{path}: held");
    }
}
