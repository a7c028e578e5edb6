//! At which level, and against which server.

use smtpipe::server::{Quirks, RefusedChunk, ServerLimits, ServerOptions};
use smtpipe::session::{Chunking, Level, Options, PeerRecord, RecipientPolicy, Verdict};
use smtpipe::wire::{Capabilities, Reply};

use super::fate::Terms;

/// How many recipients a transaction may have; 452 for the others.
pub(crate) const RECIPIENTS: u32 = 10;

/// What the servers offer beside what is theirs by default.
pub(crate) const EXTENSIONS: [&str; 2] = ["PRDR", "XFORWARD NAME ADDR"];

/// Streamed contents go in chunks of so many octets.
pub(crate) const CHUNK: u32 = 400;

/// How the bytes of either direction are cut up on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// All that there is arrives at once.
    Whole,
    /// Pieces of any size up to this arrive.
    Pieces(usize),
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) name: String,
    pub(crate) client: Options,
    pub(crate) server: ServerOptions,
    pub(crate) pace: Pace,
    /// One of the ten that the project promises; the others are samples of what else there is.
    pub(crate) main: bool,
    /// Unbroken, everything comes out as planned.
    pub(crate) exact: bool,
}

impl World {
    pub(crate) fn terms(&self) -> Terms {
        Terms::of(&self.server)
    }

    fn new(name: &str, lmtp: bool, level: Option<Level>) -> Self {
        let client = Options { lmtp, level, chunk_size: CHUNK, ..Options::default() };
        let limits = ServerLimits { recipients: RECIPIENTS, errors: 0, ..ServerLimits::default() };
        let extensions = EXTENSIONS.map(str::to_owned).to_vec();
        let server = ServerOptions { lmtp, limits, extensions, ..ServerOptions::default() };
        Self { name: name.to_owned(), client, server, pace: Pace::Whole, main: false, exact: true }
    }

    fn quirk(name: &str, level: Option<Level>, quirks: Quirks) -> Self {
        let mut this = Self::new(name, false, level);
        this.server.quirks = quirks;
        // With chunks the dot would never be tried.
        if quirks.swallow_after_dot || quirks.refuse_after_dot {
            this.server.chunking = false;
            // How much has arrived by then is a matter of chance.
            this.pace = Pace::Pieces(700);
        }
        this
    }
}

/// SMTP and LMTP at each level and at `auto`.
fn promised() -> Vec<World> {
    let levels = Level::ALL.into_iter().map(Some).chain([None]);
    let each = levels.flat_map(|level| [(false, level), (true, level)]);
    let world = |(at, (lmtp, level)): (usize, (bool, Option<Level>))| {
        let name = format!("{} {}", if lmtp { "lmtp" } else { "smtp" }, level.map_or("auto", Level::as_str));
        let pace = if at % 3 == 1 { Pace::Pieces(4000) } else { Pace::Whole };
        World { pace, main: true, ..World::new(&name, lmtp, level) }
    };
    each.enumerate().map(world).collect()
}

pub(crate) fn all() -> Vec<World> {
    let none = Quirks::default();
    let chunk = |refused_chunk| Quirks { refused_chunk, ..none };
    let streaming = Some(Level::Streaming);
    let mut worlds = promised();
    worlds.extend([
        World::quirk("auto, input behind a dot swallowed", None, Quirks { swallow_after_dot: true, ..none }),
        World::quirk("auto, 503 behind a dot", None, Quirks { refuse_after_dot: true, ..none }),
        World::quirk("auto, chunks not drained", None, Quirks { undrained_chunk: true, ..none }),
        World::quirk("auto, in order or out", None, Quirks { enforce_sync: true, ..none }),
        World::quirk("streaming, chunk resets", streaming, chunk(RefusedChunk::Resets)),
        World::quirk("streaming, chunk keeps the sender", streaming, chunk(RefusedChunk::KeepsSender)),
        World::quirk("streaming, chunks refused", streaming, chunk(RefusedChunk::RefusesChunks)),
        World::quirk(
            "continuous, 354 for nobody",
            Some(Level::Continuous),
            Quirks { data_without_recipients: true, ..none },
        ),
    ]);
    for (name, level) in [("continuous", Level::Continuous), ("streaming", Level::Streaming)] {
        let mut world = World::new(&format!("{name}, all or nobody"), false, Some(level));
        world.client.recipients = RecipientPolicy::All;
        world.server.limits.recipients = 100;
        worlds.push(world);
    }
    for level in Level::ALL {
        let mut world = World::new(&format!("{}, small messages only", level.as_str()), false, Some(level));
        world.server.size = Some(3000);
        worlds.push(world);
    }
    let mut world = World::new("group, always chunks", false, Some(Level::Group));
    world.client.chunking = Chunking::Always;
    worlds.push(world);
    let mut world = World::new("streaming, a window of three", false, streaming);
    world.client.max_in_flight = 3;
    world.pace = Pace::Pieces(300);
    worlds.push(world);
    let mut world = World::new("auto, thirty messages a connection", false, None);
    world.server.limits.messages = 30;
    world.server.extensions = vec![format!("LIMITS MAILMAX=30 RCPTMAX={RECIPIENTS}")];
    worlds.push(world);
    worlds.push(early(false));
    worlds.push(early(true));
    worlds
}

/// Before the greeting; the record may promise more than this server keeps.
fn early(disappointed: bool) -> World {
    let name = if disappointed { "early, and disappointed" } else { "early" };
    let mut world = World::new(name, false, None);
    world.server.extensions = vec!["PIPECONNECT".to_owned()];
    world.server.chunking = !disappointed;
    // What had left as chunks is in doubt when it turns out that this server knows none.
    world.exact = !disappointed;
    // What this server says, to the word: from another's offer nothing is trusted that was earned.
    let offer = b"localhost\nPIPELINING\nCHUNKING\nBINARYMIME\n8BITMIME\nSMTPUTF8\nDSN\nENHANCEDSTATUSCODES\nSIZE\nPIPECONNECT";
    world.client.peer = Some(PeerRecord {
        continuous: Verdict::Earned,
        streaming: Verdict::Earned,
        offered: Some(Capabilities::from_reply(&Reply::new(250, offer))),
        ..PeerRecord::default()
    });
    world
}
