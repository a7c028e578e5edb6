//! Bytes to values and back: what SMTP looks like on the wire.
//!
//! Everything here is pure: no clock, no socket, no allocation where a borrow will do, and no state
//! beyond the bytes of an unfinished line. The parsers are resumable at any byte and bounded in what
//! they hold; the encoders are the only place in the crate that writes a verb or a line end, so nothing
//! that a caller hands in can become a second command.
//!
//! This floor must never know what a session is: it doesn't match replies to commands and doesn't judge
//! codes.

mod address;
mod client_info;
pub mod command;
mod content;
mod dsn;
mod ehlo;
mod enhanced;
mod extension;
mod reply;
mod stuff;
mod syntax;
mod wishes;
pub mod xtext;

pub use self::address::{Address, AddressError};
pub use self::client_info::{ClientAttribute, ClientInfo, ClientInfoError};
pub use self::command::{
    Body, HostName, HostNameError, LineError, MechanismName, MechanismNameError, Param, ParamError, RawLine,
    Verb,
};
pub(crate) use self::content::{Canonical, Ends, Lines};
pub use self::content::{Content, ContentError};
pub use self::dsn::{EnvelopeId, Notify, OriginalRecipient, Ret};
pub use self::ehlo::{Capabilities, Limits};
pub use self::enhanced::Enhanced;
pub use self::extension::{Extension, ExtensionSet};
pub use self::reply::{Class, Drained, Reply, ReplyError, ReplyLimits, ReplyParser, ReplyRef};
pub use self::stuff::{DotReader, Piece, Stuffed};
pub use self::wishes::{ByMode, DeliverBy, Hold, Priority, Solicitation};

pub(crate) use self::wishes::{is_class, is_moment};
