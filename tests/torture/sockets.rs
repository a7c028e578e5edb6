//! The same through the blocking client, over real sockets, a relay and the embedded sink.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use smtpipe::client::{Client, Config, ConnectError};
use smtpipe::session::{Level, Outcome, SessionError, Ticket, Timeouts};
use smtpipe::sink::{Rule, RuleAction, RuleStage, Sink, SinkOptions, SinkTls};
use smtpipe::tls::{Identity, Tls, TlsMode};
use smtpipe::wire::{Limits, Reply};

use super::harness::fate::Terms;
use super::harness::plan::{MESSAGES, Plan, origin};
use super::harness::random::Random;
use super::harness::relay::{Cut, Ending, From, Relay};
use super::harness::sources::Script;
use super::harness::truth::{Ledger, Tally};
use super::harness::worlds::{CHUNK, EXTENSIONS, RECIPIENTS};
use super::{in_parallel, thorough};

/// Only a hang takes so long.
pub(super) const LONG: Duration = Duration::from_secs(60);
/// How soon the client takes silence for an end. The truth doesn't depend on it.
const PATIENCE: Duration = Duration::from_millis(120);

/// A sink, and a relay in front of it.
pub(super) struct Bench {
    sink: Sink,
    pub(super) relay: Relay,
    terms: Terms,
    tls: Option<Tls>,
}

/// What became of a session.
pub(super) struct Played {
    pub(super) tally: Tally,
    /// The handshake was done.
    pub(super) encrypted: bool,
    pub(super) error: Option<SessionError>,
}

impl Bench {
    /// `tls`: what the client demands, and what the sink has to show for it.
    pub(super) fn new(plan: &Plan, lmtp: bool, tls: Option<(Tls, Identity)>) -> Self {
        let mut options = SinkOptions { lmtp, ..SinkOptions::default() };
        let tls = tls.map(|(tls, identity)| {
            options.tls = Some(SinkTls { identity, implicit: tls.mode == TlsMode::Implicit });
            tls
        });
        let rule =
            |at, pattern: &str, code| Rule::new(at, pattern, RuleAction::Reply(Reply::new(code, b"no")));
        options.rules = vec![
            rule(RuleStage::Mail, "bad*", 550),
            rule(RuleStage::Rcpt, "no*", 550),
            rule(RuleStage::Rcpt, "later*", 451),
            rule(RuleStage::Data, "nodata*", 451),
        ];
        if lmtp {
            // There the pattern is for the recipient: whoever is written to by a spammer is found by the number.
            let spam =
                (0..MESSAGES).filter(|&n| plan.mails.get(n).is_some_and(|m| m.sender.starts_with("spam")));
            let names = spam.flat_map(|n| [format!("to{n}x*"), format!("full{n}x*")]);
            options.rules.extend(names.map(|name| rule(RuleStage::Content, &name, 554)));
        } else {
            options.rules.push(rule(RuleStage::Content, "spam*", 554));
        }
        // Without PRDR the pattern is for the sender in SMTP, and none is called so.
        options.rules.push(rule(RuleStage::Content, "full*", 452));
        options.extensions = EXTENSIONS.map(str::to_owned).to_vec();
        let terms = Terms { lmtp, prdr: true, binary: true, size: None };
        options.limits = Limits { rcpt_max: Some(RECIPIENTS), ..Limits::default() };
        let sink = Sink::start(options).unwrap();
        let relay = Relay::start(sink.addr().unwrap()).unwrap();
        Self { sink, relay, terms, tls }
    }

    /// One session over the relay, and what it was worth.
    pub(super) fn play(&self, plan: &Plan, level: Option<Level>, cut: Option<Cut>) -> Result<Played, String> {
        self.relay.arm(cut);
        let patient = cut.is_none_or(|cut| cut.ending != Ending::Silence);
        let mut config = Config::new("127.0.0.1", self.relay.port());
        config.session.lmtp = self.terms.lmtp;
        config.session.level = level;
        config.session.chunk_size = CHUNK;
        config.session.timeouts = Timeouts::all(if patient { LONG } else { PATIENCE });
        if let Some(tls) = &self.tls {
            config.tls = tls.clone();
        }
        let (outcomes, client) = collect(plan, config)?;
        let (encrypted, error) = (client.tls().is_some(), client.error().cloned());
        drop(client);
        if !self.relay.idle(LONG) || !self.sink.wait(LONG, |stats| stats.open == 0) {
            return Err("a connection stays open".to_owned());
        }
        let mut ledger = Ledger::new(plan);
        for received in self.sink.take_messages() {
            let recipients = received.recipients.iter().map(String::as_str);
            ledger.accept(plan, &received.sender, recipients, &received.content);
            let due = plan.number_of(&received.sender).and_then(origin);
            if due.is_some() == received.xforward.is_empty()
                || due.is_some_and(|due| !received.xforward.contains(&due))
            {
                ledger.complain(format!("{:?} was forwarded from {:?}", received.sender, received.xforward));
            }
        }
        if cut.is_none() {
            ledger.as_planned(plan, &outcomes, &self.terms, false)?;
        }
        let tally = ledger.judge(plan, &outcomes, &self.terms)?;
        Ok(Played { tally, encrypted, error })
    }
}

/// Sends everything; whatever happens, everything has its outcome.
fn collect(plan: &Plan, config: Config) -> Result<(Vec<Option<Outcome>>, Client), String> {
    let mut client = Client::open(config).map_err(|error: ConnectError| error.to_string())?;
    let mut tickets: BTreeMap<Ticket, usize> = BTreeMap::new();
    for (number, mail) in plan.mails.iter().enumerate() {
        let message = mail.message.clone();
        let ticket = match Script::of(mail) {
            Some(script) => client.submit_stream(message, Box::new(script)),
            None => client.submit(message),
        };
        let ticket = ticket.map_err(|error| error.to_string())?;
        tickets.insert(ticket, number);
    }
    let mut outcomes = vec![None; MESSAGES];
    while client.outstanding() > 0 {
        let Some(outcome) = client.collect(Some(LONG)) else { return Err("it hangs".to_owned()) };
        let slot = tickets.get(&outcome.ticket).and_then(|&number| outcomes.get_mut(number));
        let Some(slot) = slot else { return Err(format!("an outcome for nothing: {outcome:?}")) };
        if slot.replace(outcome).is_some() {
            return Err("a second outcome".to_owned());
        }
    }
    client.quit(Some(LONG));
    Ok((outcomes, client))
}

#[test]
fn the_client_tells_the_truth_wherever_the_connection_breaks() {
    let plan = Plan::new();
    let each = if thorough() { 2000 } else { 50 };
    let levels = Level::ALL.into_iter().map(Some).chain([None]);
    let work: Vec<_> = levels.flat_map(|level| [(false, level), (true, level)]).zip(1..).collect();
    let sum = Mutex::new((Tally::default(), 0, Vec::new()));
    in_parallel(&work, |&((lmtp, level), seed)| {
        let bench = Bench::new(&plan, lmtp, None);
        let name = format!("{} {}", if lmtp { "lmtp" } else { "smtp" }, level.map_or("auto", Level::as_str));
        let mut failures = Vec::new();
        let mut tally = Tally::default();
        if let Err(why) = bench.play(&plan, level, None) {
            failures.push(format!("{name}, uncut: {why}"));
        }
        let (client, server) = bench.relay.passed();
        let mut random = Random(seed);
        for nth in 0..each {
            let (from, total) =
                if random.once_in(2) { (From::Client, client) } else { (From::Server, server) };
            let at = random.below(usize::try_from(total).unwrap()) as u64;
            let ending = [Ending::Fin, Ending::Rst, Ending::Silence][nth % 3];
            let cut = Cut { from, at, ending };
            match bench.play(&plan, level, Some(cut)) {
                Ok(played) => tally.add(&played.tally),
                Err(why) => failures.push(format!("{name}: {cut:?}\n{why}")),
            }
        }
        let mut sum = sum.lock().unwrap();
        sum.0.add(&tally);
        sum.1 += bench.relay.made();
        sum.2.extend(failures);
    });
    let (tally, cuts, failures) = sum.into_inner().unwrap();
    println!("client: {cuts} cuts over real sockets; {} recipients in doubt ({tally:?})", tally.in_doubt);
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(cuts > 9 * each as u64, "{cuts} cuts only");
}
