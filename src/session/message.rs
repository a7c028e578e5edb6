//! A message to send: envelope (RFC 5321 §2.3.1) and content. All of its parts were checked when they were made, so a
//! `Message` can't hold anything that would inject a command.

use bytes::Bytes;

use super::error::SubmitError;
use super::streamed::Streamed;
use crate::wire::{Address, ClientInfo, Content, Extension, ExtensionSet, Param};

/// The parameter of MAIL that says who submitted a message (RFC 4954 §5).
pub(super) const SUBMITTER: &str = "AUTH";

/// One forward-path with its RCPT parameters.
#[derive(Clone, Debug)]
pub struct Recipient {
    pub(super) address: Address,
    pub(super) params: Vec<Param>,
}

impl Recipient {
    /// A recipient without parameters.
    pub const fn new(address: Address) -> Self {
        Self { address, params: Vec::new() }
    }

    /// Adds a parameter of RCPT: a [`Notify`](crate::wire::Notify), an
    /// [`OriginalRecipient`](crate::wire::OriginalRecipient), or any [`Param`]. One that the library knows is sent only where
    /// its extension is offered; any other always.
    #[must_use]
    pub fn param(mut self, param: impl Into<Param>) -> Self {
        self.params.push(param.into());
        self
    }

    /// The parameters of RCPT.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The forward-path.
    pub const fn address(&self) -> &Address {
        &self.address
    }
}

/// An envelope and its content.
#[derive(Clone, Debug)]
pub struct Message {
    pub(super) sender: Address,
    pub(super) params: Vec<Param>,
    pub(super) recipients: Vec<Recipient>,
    /// Empty where it is given as it goes.
    pub(super) content: Content,
    pub(super) stream: Option<Streamed>,
    /// Extensions without which it is not to be sent.
    pub(super) required: ExtensionSet,
    /// Whom it came from, for XFORWARD.
    pub(super) forward: Option<Box<ClientInfo>>,
    /// There is something of the above for the engine to look at: false for most messages, which then pay nothing.
    pub(super) asks: bool,
}

impl Message {
    /// A message without recipients as yet.
    pub const fn new(sender: Address, content: Content) -> Self {
        Self {
            sender,
            params: Vec::new(),
            recipients: Vec::new(),
            content,
            stream: None,
            required: ExtensionSet::EMPTY,
            forward: None,
            asks: false,
        }
    }

    /// A message whose content is given while it is sent: when its turn has come there is an
    /// [`Event::WantContent`](super::Event::WantContent), and it is answered piece by piece.
    pub fn streamed(sender: Address, stream: Streamed) -> Self {
        Self { stream: Some(stream), ..Self::new(sender, Content::new(Bytes::new())) }
    }

    /// Adds a recipient.
    #[must_use]
    pub fn to(mut self, address: Address) -> Self {
        self.recipients.push(Recipient::new(address));
        self
    }

    /// Adds a parameter of MAIL: a [`Ret`](crate::wire::Ret), an [`EnvelopeId`](crate::wire::EnvelopeId), a
    /// [`DeliverBy`](crate::wire::DeliverBy), a [`Priority`](crate::wire::Priority), a [`Hold`](crate::wire::Hold), a
    /// [`Solicitation`](crate::wire::Solicitation), or any [`Param`].
    ///
    /// SIZE, BODY and SMTPUTF8 are added by the session where they are needed; one given here takes the place of the session's
    /// own. What becomes of a parameter whose extension isn't offered is told in `docs/extensions.md`: it is left out
    /// ([`Outcome::left_out`](super::Outcome::left_out)), or the message is refused. One that the library doesn't know is sent
    /// as it is.
    #[must_use]
    pub fn param(mut self, param: impl Into<Param>) -> Self {
        self.push_param(param);
        self
    }

    /// Asks that the message be refused here, with [`Reason::NotOffered`](super::Reason::NotOffered), by a server that doesn't
    /// offer `extension`. What is refused by one that does is told by the outcome as ever.
    #[must_use]
    pub const fn require(mut self, extension: Extension) -> Self {
        self.push_requirement(extension);
        self
    }

    /// Says whom the message came from, by XFORWARD in front of MAIL: as much of it as the server offers to hear. A server that
    /// offers none of it, or refuses it, gets the message all the same; [`Outcome::left_out`](super::Outcome::left_out) tells.
    #[must_use]
    pub fn forward(mut self, client: ClientInfo) -> Self {
        self.set_forward(client);
        self
    }

    /// Says who submitted the message first, as far as this client vouches for it (the AUTH parameter of MAIL, RFC 4954 §5);
    /// `None`, or the null path: that isn't known (`<>`). Sent only where the server offers AUTH. It replaces an earlier one.
    #[must_use]
    pub fn submitter(mut self, mailbox: Option<&Address>) -> Self {
        self.params.retain(|param| !param.keyword().eq_ignore_ascii_case(SUBMITTER));
        self.params.push(Param::submitter(mailbox));
        self
    }

    /// Adds a recipient with its parameters.
    pub fn push_recipient(&mut self, recipient: Recipient) {
        self.asks |= !recipient.params.is_empty();
        self.recipients.push(recipient);
    }

    /// Makes room for so many recipients.
    pub fn reserve(&mut self, recipients: usize) {
        self.recipients.reserve_exact(recipients);
    }

    /// Adds a parameter of MAIL, as [`param`](Self::param) does.
    pub fn push_param(&mut self, param: impl Into<Param>) {
        self.asks = true;
        self.params.push(param.into());
    }

    /// As [`require`](Self::require).
    pub const fn push_requirement(&mut self, extension: Extension) {
        self.asks = true;
        self.required.insert(extension);
    }

    /// As [`forward`](Self::forward).
    pub fn set_forward(&mut self, client: ClientInfo) {
        self.asks |= !client.is_empty();
        self.forward = Some(Box::new(client)).filter(|client| !client.is_empty());
    }

    /// The reverse-path.
    pub const fn sender(&self) -> &Address {
        &self.sender
    }

    /// The forward-paths.
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// The content; empty where it is given as it goes.
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// What was declared of content that is given as it goes.
    pub const fn stream(&self) -> Option<&Streamed> {
        self.stream.as_ref()
    }

    /// Octets as RFC 1870 counts them, or as declared; `None` if nobody knows.
    pub fn size(&self) -> Option<u64> {
        self.stream.map_or_else(|| Some(self.content.size()), |stream| stream.length)
    }

    /// Whether its content, given as it goes, can begin again: the source knows.
    pub(crate) const fn set_rewindable(&mut self, rewindable: bool) {
        if let Some(stream) = &mut self.stream {
            stream.rewindable = rewindable;
        }
    }

    /// The parameters of MAIL.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Whether it can be sent at all, whatever the server offers: each parameter once and on its own command, and a recipient. It is
    /// looked at when the message is submitted, too.
    ///
    /// # Errors
    ///
    /// As [`Session::submit`](super::Session::submit)'s.
    pub fn check(&self) -> Result<(), SubmitError> {
        if self.recipients.is_empty() {
            return Err(SubmitError::NoRecipient);
        }
        if self.recipients.iter().any(|recipient| recipient.address.is_null()) {
            return Err(SubmitError::NullRecipient);
        }
        if self.asks { self.check_params() } else { Ok(()) }
    }

    /// Each parameter once, and on the command where its RFC puts it: a server would refuse the whole message for it.
    fn check_params(&self) -> Result<(), SubmitError> {
        let misplaced = |param: &Param| SubmitError::MisplacedParameter(param.keyword().into());
        for param in &self.params {
            let keyword = param.keyword();
            if Extension::of_rcpt(keyword).is_some() {
                return Err(misplaced(param));
            }
        }
        for param in self.recipients.iter().flat_map(|recipient| &recipient.params) {
            if Extension::of_mail(param.keyword()).is_some() {
                return Err(misplaced(param));
            }
        }
        let lists = self.recipients.iter().map(|recipient| &recipient.params).chain([&self.params]);
        for list in lists {
            for (at, param) in list.iter().enumerate() {
                let same = |other: &Param| other.keyword().eq_ignore_ascii_case(param.keyword());
                if list.iter().skip(at + 1).any(same) {
                    return Err(SubmitError::RepeatedParameter(param.keyword().into()));
                }
            }
        }
        Ok(())
    }

    /// Whether the envelope needs SMTPUTF8 (RFC 6531).
    pub(super) fn is_internationalized(&self) -> bool {
        !(self.sender.is_ascii()
            && self.recipients.iter().all(|recipient| recipient.address.is_ascii())
            && self.params.iter().all(Param::is_ascii))
    }

    /// Whether it needs BINARYMIME (RFC 3030).
    pub(super) fn is_binary(&self) -> bool {
        self.stream.map_or_else(|| self.content.is_binary(), |stream| stream.is_binary())
    }

    /// Whether there may be octets over 127 in its text.
    pub(super) fn is_eight_bit(&self) -> bool {
        self.stream.map_or_else(|| self.content.eight_bit(), |_| !self.is_seven_bit())
    }

    /// Whether the caller said that there is none.
    pub(super) fn is_seven_bit(&self) -> bool {
        let body = self.params.iter().find(|param| param.keyword().eq_ignore_ascii_case("BODY"));
        let declared = body.and_then(Param::value).is_some_and(|body| body.eq_ignore_ascii_case("7BIT"));
        declared || self.stream.is_some_and(|stream| stream.seven_bit)
    }

    /// Whether the caller gave this MAIL parameter himself.
    pub(super) fn has_param(&self, keyword: &str) -> bool {
        self.params.iter().any(|param| param.keyword().eq_ignore_ascii_case(keyword))
    }
}
