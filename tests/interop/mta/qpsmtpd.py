"""qpsmtpd: a plugin of the test's own keeps each message in a file."""

from __future__ import annotations

from collections.abc import Iterator

from .base import Server, Stored, read_kept

PLUGIN = r"""
use Time::HiRes ();
my $number = 0;
my ($RECIPIENTS, $MESSAGES) = (1000, 100000);
sub hook_mail {
    my ($self, $transaction, $sender) = @_;
    return (DENY, 'sender refused by test') if $sender->user && $sender->user =~ /^badsender/;
    my $notes = $self->qp->connection->notes;
    return (DENYSOFT_DISCONNECT, 'too many messages') if ++$notes->{mails} > $MESSAGES;
    return DECLINED;
}
sub hook_rcpt {
    my ($self, $transaction, $recipient) = @_;
    return (DENYSOFT, 'too many recipients') if $transaction->recipients >= $RECIPIENTS;
    return (DENY, 'recipient refused by test') if $recipient->user =~ /^reject/;
    return (DENYSOFT, 'recipient deferred by test') if $recipient->user =~ /^tempfail/;
    return OK;
}
sub hook_queue {
    my ($self, $transaction) = @_;
    my $path = sprintf('/var/spool/keep/%.6f.%d.%d', Time::HiRes::time(), $$, ++$number);
    open my $out, '>', "$path.part" or return (DENYSOFT, 'cannot keep it');
    print $out 'S', $transaction->sender->address, "\n";
    print $out 'R', $_->address, "\n" for $transaction->recipients;
    print $out "\n", $transaction->header->as_string;
    $transaction->body_resetpos;
    while (defined(my $line = $transaction->body_getline)) { print $out $line }
    close $out or return (DENYSOFT, 'cannot keep it');
    rename "$path.part", $path or return (DENYSOFT, 'cannot keep it');
    return (OK, 'kept');
}
"""


class Qpsmtpd(Server):
    name = "qpsmtpd"
    port = 2691
    level = "continuous"
    packages = ("qpsmtpd",)
    hostname = "qpsmtpd.test"
    users = ("qpsmtpd",)
    files = {
        "/etc/smtpipe/plugins": "keep\n",
        "/etc/smtpipe/plugin_dirs": "/etc/smtpipe/plugin.d\n",
        "/etc/smtpipe/plugin.d/keep": PLUGIN,
        "/etc/smtpipe/me": "qpsmtpd.test\n",
        "/etc/smtpipe/spool_dir": "/var/spool/qptmp\n",
        "/etc/smtpipe/loglevel": "4\n",
        "/etc/smtpipe/logging": "",
        "/etc/smtpipe/size_threshold": "100000000\n",
    }
    tight = {"(1000, 100000)": "(10, 8)"}
    tight_recipients = 10
    tight_messages = 8
    directories = {"/var/spool/qptmp": "nobody", "/var/spool/keep": "nobody"}
    command = (
        "chmod 700 /var/spool/qptmp\nexport QPSMTPD_CONFIG=/etc/smtpipe\n"
        "exec perl -T /usr/bin/qpsmtpd-forkserver --port 2691 --listen-address 127.0.0.1 --user nobody"
    )

    def stored(self) -> Iterator[Stored]:
        yield from read_kept(self.path("/var/spool/keep"))
