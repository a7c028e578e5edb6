//! Writes the seeds of every target into a directory: `seeds DIRECTORY`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let into = std::env::args().nth(1).expect("usage: seeds DIRECTORY");
    for (target, _) in smtpipe_fuzz::TARGETS {
        let directory = Path::new(&into).join(target);
        std::fs::create_dir_all(&directory)?;
        for (name, input) in smtpipe_fuzz::seeds::of(target) {
            std::fs::write(directory.join(name), input)?;
        }
    }
    Ok(())
}
