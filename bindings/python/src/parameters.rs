//! What Python says of a message beside its envelope and content, as the engine's typed parameters.
//!
//! Lower-case names that are known are typed: their values are checked and encoded here. Any other name is a parameter of MAIL or
//! RCPT: an underscore is a hyphen, `True` a keyword alone. A name in capitals is never typed: its value goes as it is.

use engine::session::Message;
use engine::wire::{
    Address, ByMode, ClientAttribute, ClientInfo, DeliverBy, EnvelopeId, Extension, Hold, Notify,
    OriginalRecipient, Param, ParamError, Priority, Ret, Solicitation,
};
use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyMapping, PyString, PyTuple};

use crate::error::misuse;

static UTC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// What the parameters say of the content.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum BodyKind {
    #[default]
    Text,
    SevenBit,
    Binary,
}

/// What the keyword arguments of a message came to.
#[derive(Default)]
pub(crate) struct Wishes {
    params: Vec<Param>,
    pub(crate) body: BodyKind,
    required: Vec<Extension>,
    forward: Option<ClientInfo>,
}

impl Wishes {
    pub(crate) fn of(parameters: &Bound<'_, PyDict>) -> PyResult<Self> {
        let mut wishes = Self::default();
        for (keyword, value) in parameters {
            let keyword: String = keyword.extract()?;
            if !value.is_none() {
                named(&keyword, wishes.add(&keyword, &value))?;
            }
        }
        let held = |param: &&Param| matches!(param.keyword(), "HOLDFOR" | "HOLDUNTIL");
        if wishes.params.iter().filter(held).count() > 1 {
            return Err(misuse(parameters.py(), "hold_until: give either that or hold_for"));
        }
        Ok(wishes)
    }

    pub(crate) fn tell(self, message: &mut Message) {
        for param in self.params {
            message.push_param(param);
        }
        for extension in self.required {
            message.push_requirement(extension);
        }
        if let Some(client) = self.forward {
            message.set_forward(client);
        }
    }

    fn add(&mut self, keyword: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = value.py();
        let param = match keyword {
            "ret" => made(value, keyword, ret(value)?)?,
            "envid" => made(value, keyword, EnvelopeId::new(&text(value, keyword)?))?,
            "deliver_by" => made(value, keyword, deliver_by(value)?)?,
            "priority" => {
                let priority = value.extract::<i8>().map_err(|_| ParamError::BadValue);
                made(value, keyword, priority.and_then(Priority::new))?
            }
            "hold_for" => {
                let seconds = value.extract::<u32>().map_err(|_| ParamError::BadValue);
                made(value, keyword, seconds.and_then(Hold::seconds))?
            }
            "hold_until" => made(value, keyword, Hold::until(&moment(value)?))?,
            "solicit" => {
                let classes = words(value)?;
                made(value, keyword, Solicitation::new(classes.iter().map(String::as_str)))?
            }
            "require_tls" | "prdr" | "utf8_headers" if !value.is_truthy()? => return Ok(()),
            "require_tls" => Param::require_tls(),
            "prdr" => Param::prdr(),
            "utf8_headers" => Param::smtputf8(),
            "submitter" => Param::submitter(Some(&mailbox(value, keyword)?)),
            "require" => {
                for word in words(value)? {
                    let known = Extension::from_keyword(&word);
                    self.required.push(
                        known.ok_or_else(|| misuse(py, format!("require: unknown extension {word:?}")))?,
                    );
                }
                return Ok(());
            }
            "forward" => {
                self.forward = Some(client(value, keyword)?);
                return Ok(());
            }
            other => match other.to_ascii_uppercase().as_str() {
                // These are facts about the content, and the engine looks at the content.
                "SIZE" => return Err(misuse(py, "parameter size: it is stated by itself")),
                "BODY" => {
                    let body = value.extract::<&str>().unwrap_or_default();
                    self.body = match body.to_ascii_uppercase().as_str() {
                        "BINARYMIME" => BodyKind::Binary,
                        "7BIT" => BodyKind::SevenBit,
                        _ => {
                            return Err(misuse(
                                py,
                                "parameter body: only \"BINARYMIME\" and \"7BIT\" can be asked for",
                            ));
                        }
                    };
                    return Ok(());
                }
                _ => match param(keyword, value)? {
                    Some(param) => param,
                    None => return Ok(()),
                },
            },
        };
        self.params.push(param);
        Ok(())
    }
}

/// What is of a type that can't be this part is said to be so of the part: what Python raises by itself names none.
pub(crate) fn named<T>(part: &str, made: PyResult<T>) -> PyResult<T> {
    Python::attach(|py| {
        made.map_err(|error| {
            let kinds = (py.get_type::<PyTypeError>(), py.get_type::<PyAttributeError>());
            let text = error
                .value(py)
                .str()
                .map_or_else(|_| String::new(), |text| text.to_string_lossy().into_owned());
            if !error.matches(py, kinds).unwrap_or(false)
                || text.trim_start_matches("parameter ").starts_with(part)
            {
                return error;
            }
            let better = PyTypeError::new_err(format!("{part}: {text}"));
            better.set_cause(py, Some(error));
            better
        })
    })
}

/// The parameters of one RCPT.
pub(crate) fn of_recipient(parameters: &Bound<'_, PyAny>) -> PyResult<Vec<Param>> {
    let mut found = Vec::new();
    for (keyword, value) in items(parameters, "recipient")? {
        if value.is_none() {
            continue;
        }
        let made = match keyword.as_str() {
            "notify" => notify(&value).map(Some),
            "orcpt" => original(&value).and_then(|original| made(&value, "orcpt", original)).map(Some),
            _ => param(&keyword, &value),
        };
        found.extend(named(&keyword, made)?);
    }
    Ok(found)
}

/// What a mapping of words has.
fn items<'py>(mapping: &Bound<'py, PyAny>, part: &str) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
    let found = mapping.cast::<PyMapping>().map_err(PyErr::from).and_then(|mapping| mapping.items());
    named(part, found)?.iter().map(|pair| named(part, pair.extract())).collect()
}

/// A value that goes on the wire as it is written: text, or a number. Of other objects nobody knows what `str()` makes of them.
fn written(value: &Bound<'_, PyAny>, part: &str) -> PyResult<String> {
    if let Ok(text) = value.cast::<PyString>() {
        return text
            .to_str()
            .map(str::to_owned)
            .map_err(|_| misuse(value.py(), format!("{part}: has characters that are not text")));
    }
    if value.is_instance_of::<PyInt>() {
        return value.str()?.to_str().map(str::to_owned);
    }
    Err(PyTypeError::new_err(format!("{part}: expected str or int, not {}", value.get_type().name()?)))
}

/// What XCLIENT or XFORWARD is to say: a mapping of attributes to values; `None` for what isn't known.
pub(crate) fn client(value: &Bound<'_, PyAny>, part: &str) -> PyResult<ClientInfo> {
    let py = value.py();
    let mut client = ClientInfo::new();
    for (name, value) in items(value, part)? {
        let attribute = ClientAttribute::from_name(&name)
            .ok_or_else(|| misuse(py, format!("{part}: unknown attribute {name:?}")))?;
        let value = if value.is_none() { None } else { Some(written(&value, part)?) };
        client.set(attribute, value.as_deref()).map_err(|error| misuse(py, format!("{part}: {error}")))?;
    }
    Ok(client)
}

fn made<T: Into<Param>>(
    at: &Bound<'_, PyAny>,
    keyword: &str,
    value: Result<T, ParamError>,
) -> PyResult<Param> {
    value.map(Into::into).map_err(|error| misuse(at.py(), format!("{keyword}: {error}")))
}

fn text(value: &Bound<'_, PyAny>, keyword: &str) -> PyResult<String> {
    value.extract().map_err(|_| PyTypeError::new_err(format!("{keyword}: expected str")))
}

/// A mailbox as text, or as the `Address` of `email.headerregistry`.
fn mailbox(value: &Bound<'_, PyAny>, keyword: &str) -> PyResult<Address> {
    let spec = if value.is_instance_of::<PyString>() { None } else { value.getattr_opt("addr_spec")? };
    let text = text(spec.as_ref().unwrap_or(value), keyword)?;
    Address::new(&text).map_err(|error| misuse(value.py(), format!("{keyword} {text:?}: {error}")))
}

/// One word, several with commas between them, or any iterable of them.
pub(crate) fn words(value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str()?.split(',').map(|word| word.trim().to_owned()).collect());
    }
    value.try_iter()?.map(|word| word?.extract()).collect()
}

fn ret(value: &Bound<'_, PyAny>) -> PyResult<Result<Ret, ParamError>> {
    Ok(match text(value, "ret")?.to_ascii_lowercase().as_str() {
        "full" => Ok(Ret::Full),
        "hdrs" | "headers" => Ok(Ret::Headers),
        _ => Err(ParamError::BadValue),
    })
}

/// `(seconds, "notify" or "return")`, with a third, true, to have it traced.
fn deliver_by(value: &Bound<'_, PyAny>) -> PyResult<Result<DeliverBy, ParamError>> {
    let parts = value.cast::<PyTuple>()?;
    if !(2..=3).contains(&parts.len()) {
        return Err(PyTypeError::new_err(
            "deliver_by: expected a pair of seconds and \"notify\" or \"return\"",
        ));
    }
    let mode = match parts.get_item(1).and_then(|mode| mode.extract::<String>())?.as_str() {
        "notify" => ByMode::Notify,
        "return" => ByMode::Return,
        _ => return Ok(Err(ParamError::BadValue)),
    };
    let trace = if parts.len() > 2 { parts.get_item(2)?.is_truthy()? } else { false };
    let seconds = parts.get_item(0)?.extract::<i32>().map_err(|_| ParamError::BadValue);
    Ok(seconds.and_then(|seconds| DeliverBy::new(seconds, mode, trace)))
}

/// A `datetime` that knows its zone, or a text of RFC 3339 in UTC.
fn moment(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_instance_of::<PyString>() {
        return value.extract();
    }
    let py = value.py();
    if value.getattr("tzinfo")?.is_none() {
        return Err(misuse(py, "hold_until: the datetime has no time zone"));
    }
    let utc = UTC.get_or_try_init(py, || {
        py.import("datetime")?.getattr("timezone")?.getattr("utc").map(Bound::unbind)
    })?;
    let there = value.call_method1("astimezone", (utc,))?;
    there.call_method1("strftime", ("%Y-%m-%dT%H:%M:%SZ",))?.extract()
}

fn notify(value: &Bound<'_, PyAny>) -> PyResult<Param> {
    let mut chosen = Notify::NEVER;
    let words = words(value)?;
    for word in &words {
        let one = match word.to_ascii_lowercase().as_str() {
            "success" => Notify::SUCCESS,
            "failure" => Notify::FAILURE,
            "delay" => Notify::DELAY,
            "never" if words.len() == 1 => Notify::NEVER,
            _ => return Err(misuse(value.py(), format!("notify: {word:?} can't be asked for here"))),
        };
        chosen = chosen.or(one);
    }
    if words.is_empty() {
        return Err(misuse(value.py(), "notify: nothing is asked for"));
    }
    Ok(chosen.into())
}

/// An address, or a pair of its type and its text.
fn original(value: &Bound<'_, PyAny>) -> PyResult<Result<OriginalRecipient, ParamError>> {
    if let Ok(pair) = value.cast::<PyTuple>() {
        let (kind, text): (String, String) = pair.extract()?;
        return Ok(OriginalRecipient::typed(&kind, &text));
    }
    let address = text(value, "orcpt")?;
    // As it is written on the wire, but for xtext. No address begins so: a semicolon in front of an @ needs quotes.
    if let Some((kind, rest)) = address.split_once(';')
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        return Ok(OriginalRecipient::typed(kind, rest));
    }
    let address =
        Address::new(&address).map_err(|error| misuse(value.py(), format!("orcpt {address:?}: {error}")))?;
    Ok(OriginalRecipient::new(&address))
}

/// `x_new=3` is `X-NEW=3`; `True` is a keyword alone; `None` and `False` are nothing.
fn param(keyword: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<Param>> {
    let py = value.py();
    let wire = keyword.to_ascii_uppercase().replace('_', "-");
    let text = if let Ok(flag) = value.extract::<bool>() {
        if !flag {
            return Ok(None);
        }
        None
    } else {
        Some(written(value, &format!("parameter {}", keyword.escape_debug()))?)
    };
    Param::new(&wire, text.as_deref())
        .map(Some)
        .map_err(|error| misuse(py, format!("parameter {}: {error}", keyword.escape_debug())))
}
