# One call with SOAP::Lite; see README.md for what goes in and comes out.
use strict;
use warnings;
use SOAP::Lite;

binmode STDOUT, ':encoding(UTF-8)';
my $AUT     = 'http://www.edustandaard.nl/leerresultaten/2/autorisatie';
my $LG      = 'http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens';
my $PAYLOAD = '/Envelope/Body/[1]/[1]';

sub line { print join("\t", map { $_ // '' } @_), "\n" }

# SOAP::Lite knows no schema: each value gets its name, and an empty type, so that no xsi:type goes with it. Of a value
# without a type it escapes nothing: encode_data does.
sub element { SOAP::Data->name($_[0])->type('')->value(SOAP::Utils::encode_data($_[1])) }

sub reference {
    my ($soort, $key) = split /=/, $_[0];
    return SOAP::Data->name($soort)->type('')->attr(defined $key ? { key => $key } : {})->value('');
}

sub records {
    my ($answer) = @_;
    my $count = sub { my @found = $answer->dataof("$PAYLOAD/$_[0]/*"); scalar @found };
    my $at    = sub { $answer->match("$PAYLOAD/$_[0]"); my ($record) = $answer->dataof; $record };
    my $text  = sub { scalar $answer->valueof($_[0]) };
    $at->('school');
    line('school', map { $text->($_) } qw(schooljaar brincode dependancecode aanmaakdatum xsdversie));
    for my $n (1 .. $count->('groepen')) {
        my $groep = $at->("groepen/[$n]");
        my @jaargroep = $groep->name eq 'groep' ? $text->('jaargroep') : ();
        line($groep->name, $groep->attr->{key}, $text->('naam'), @jaargroep);
    }
    for my $n (1 .. $count->('leerlingen')) {
        my $attr = $at->("leerlingen/[$n]")->attr;
        my ($groep) = $answer->dataof('groep');
        my @more = map { $_->attr->{key} } $answer->dataof('samengestelde_groepen/samengestelde_groep');
        my @person = map { $text->($_) } qw(achternaam roepnaam geboortedatum);
        line('leerling', @$attr{qw(key eckid)}, @person, $groep && $groep->attr->{key}, join(',', @more));
    }
    for my $n (1 .. $count->('leerkrachten')) {
        my $attr = $at->("leerkrachten/[$n]")->attr;
        my @groepen = map { $_->name . ':' . $_->attr->{key} } $answer->dataof('groepen/*');
        line('leerkracht', @$attr{qw(key eckid)}, (map { $text->($_) } qw(achternaam roepnaam)), join(',', @groepen));
    }
}

my ($operatie, @groepen) = @ARGV;
# Of the WSDL, SOAP::Lite reads the address, the SOAPAction and the name of the request.
my $known = SOAP::Schema->new(schema_url => "$ENV{ENDPOINT}?wsdl")->parse->services->{LeerlinggegevensService}{$operatie};
my $soap = SOAP::Lite->new(proxy => $known->{endpoint}->value)->on_action(sub { $known->{soapaction}->value });
my $header = SOAP::Header->name('autorisatie')->attr({ xmlns => $AUT })->value(\SOAP::Data->value(
    element(autorisatiesleutel => $ENV{SLEUTEL}),
    element(klantcode          => $ENV{KLANTCODE}),
    element(klantnaam          => $ENV{KLANTNAAM}),
));
my @vraag = map { element($_ => $ENV{ uc $_ }) } qw(schooljaar brincode dependancecode xsdversie);
my @more = @groepen ? SOAP::Data->name('groepen')->value(\SOAP::Data->value(map { reference($_) } @groepen)) : ();
my @received;
for (1 .. (exists $ENV{AGAIN} ? 2 : 1)) {
    my $naam = $known->{parameters}[0]->name;
    my $answer = $soap->call(SOAP::Data->name($naam)->attr({ xmlns => $LG }), $header, @vraag, @received, @more);
    if ($answer->fault) {
        my $detail = $answer->dataof('/Envelope/Body/Fault/detail/fout');
        line('fout', $answer->faultcode, $answer->faultstring, $detail ? @{ $detail->attr }{qw(pad regel)} : ('', ''));
        last;
    }
    line('uitkomst', $answer->dataof($PAYLOAD)->name);
    if (my $aanmaakdatum = $answer->valueof("$PAYLOAD/school/aanmaakdatum")) {
        @received = element(laatstontvangengegevens => $aanmaakdatum);
        records($answer);
    }
}
