//! What stands in for the system's GSSAPI library where the feature `gssapi` is off: nothing can be made of it.

use crate::sasl::{Context, GssapiError, Secret};

/// Never there.
pub(super) enum Kerberos {}

impl Kerberos {
    pub(super) const fn new(_: &str) -> Result<Self, GssapiError> {
        Err(GssapiError::NotBuilt)
    }
}

impl Context for Kerberos {
    fn step(&mut self, _: Option<&[u8]>) -> Result<Option<Secret>, GssapiError> {
        match *self {}
    }

    fn is_complete(&self) -> bool {
        match *self {}
    }

    fn is_mutual(&self) -> bool {
        match *self {}
    }

    fn unwrap(&mut self, _: &[u8]) -> Result<Secret, GssapiError> {
        match *self {}
    }

    fn wrap(&mut self, _: &[u8]) -> Result<Secret, GssapiError> {
        match *self {}
    }
}
