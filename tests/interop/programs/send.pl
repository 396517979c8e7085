# Results brought with SOAP::Lite; see README.md for what goes in and comes out.
use strict;
use warnings;
use SOAP::Lite;

binmode $_, ':encoding(UTF-8)' for *STDIN, *STDOUT;
$| = 1;
my $AUT = 'http://www.edustandaard.nl/leerresultaten/2/autorisatie';
my $LR  = 'http://www.edustandaard.nl/leerresultaten/2/leerresultaten';
my $OSO = 'http://www.edustandaard.nl/oso_gegevensset/1.2/dossier';

sub line { print join("\t", map { $_ // '' } @_), "\n" }

# SOAP::Lite knows no schema: each element gets its name, and an empty type, so that no xsi:type goes with it. Of a
# value without a type it escapes nothing: encode_data does.
sub text { my ($name, $value, $attr) = @_; SOAP::Data->name($name)->type('')->attr($attr || {})->value(SOAP::Utils::encode_data($value)) }
sub tree { my ($name, $attr, @children) = @_; SOAP::Data->name($name)->attr($attr)->value(\SOAP::Data->value(@children)) }

# Returns the elements of a message. Every value is a text to SOAP::Lite, a number too.
sub message {
    my ($lines) = @_;
    my (@school, @afnames, @toetsen);
    for (@$lines) {
        my ($kind, @f) = @$_;
        if    ($kind eq 'school')     { my @n = qw(schooljaar brincode dependancecode aanmaakdatum xsdversie); @school = map { text($n[$_], $f[$_]) } 0 .. $#n }
        elsif ($kind eq 'afname')     { push @afnames, { id => $f[0], resultaten => [] } }
        elsif ($kind eq 'resultaat')  { push @{ $afnames[-1]{resultaten} }, { fields => \@f, referenties => [] } }
        elsif ($kind eq 'oso')        { $afnames[-1]{resultaten}[-1]{oso} = \@f }
        elsif ($kind eq 'referentie') { push @{ $afnames[-1]{resultaten}[-1]{referenties} }, \@f }
        elsif ($kind eq 'toets')      { push @toetsen, { fields => \@f, normen => [], onderdelen => [] } }
        elsif ($kind eq 'norm')       { push @{ $toetsen[-1]{normen} }, \@f }
        elsif ($kind eq 'onderdeel')  { push @{ $toetsen[-1]{onderdelen} }, \@f }
    }
    return tree('school', {}, @school), tree('toetsafnames', {}, map { afname($_) } @afnames), tree('toetsen', {}, map { toets($_) } @toetsen);
}

sub afname {
    my ($afname) = @_;
    return tree('toetsafname', {}, text(leerlingid => $afname->{id}), tree('resultaten', {}, map { resultaat($_) } @{ $afname->{resultaten} }));
}

sub resultaat {
    my ($one) = @_;
    my ($key, $dag, $toetscode, $onderdeel, $score) = @{ $one->{fields} };
    my @parts = (text(afnamedatum => $dag), text(toetscode => $toetscode));
    push @parts, text(toetsonderdeelcode => $onderdeel) if length $onderdeel;
    push @parts, text(score => $score) if length $score;
    push @parts, oso($one) if $one->{oso};
    return tree('resultaat', { key => $key }, @parts);
}

sub oso {
    my ($one) = @_;
    my ($goed, $schaal, $laag, $hoog) = @{ $one->{oso} };
    my $interval = tree('betrouwbaarheidsinterval', {}, text(bivlaag => $laag), text(bivhoog => $hoog));
    my @parts = tree('toetsscore', { xmlns => $OSO }, text(aantalgoed => $goed), text(vaardigheidsscore => $schaal), $interval);
    for my $f (@{ $one->{referenties} }) {
        my @n = qw(codereferentiescore codevergelijkingsgroep waarde);
        push @parts, tree('referentiescore', { xmlns => $OSO }, map { text($n[$_], $f->[$_]) } 0 .. $#n);
    }
    return tree('osoresultaat', {}, @parts);
}

sub toets {
    my ($one) = @_;
    my ($code, $vocabulaire, $naam, $ingang, $niveau) = @{ $one->{fields} };
    my @parts = (text(toetscode => $code, { vocabulaire => $vocabulaire }), text(toetsnaam => $naam));
    my @n = qw(term beginnormwaarde eindnormwaarde);
    my @normen = map { my $f = $_; tree('norm', {}, map { text($n[$_], $f->[$_]) } 0 .. $#n) } @{ $one->{normen} };
    push @parts, tree('toetsnormering', {}, @normen) if @normen;
    push @parts, tree('toetshierarchie', {}, text(ingang => $ingang, { niveau => $niveau }));
    my @o = qw(toetsonderdeelvolgnummer toetsonderdeelcode toetsonderdeelnaam);
    my @onderdelen = map { my $f = $_; tree('toetsonderdeel', {}, map { text($o[$_], $f->[$_]) } 0 .. $#o) } @{ $one->{onderdelen} };
    push @parts, tree('toetsonderdelen', {}, @onderdelen) if @onderdelen;
    return tree('toets', {}, @parts);
}

# Of the WSDL, SOAP::Lite reads the address, the SOAPAction and the name of the request.
my $known = SOAP::Schema->new(schema_url => "$ENV{ENDPOINT}?wsdl")->parse->services->{LeerresultatenService}{BrengLeerresultaten};
my $soap = SOAP::Lite->new(proxy => $known->{endpoint}->value)->on_action(sub { $known->{soapaction}->value });
my $header = SOAP::Header->name('autorisatie')->attr({ xmlns => $AUT })->value(\SOAP::Data->value(
    text(autorisatiesleutel => $ENV{SLEUTEL}),
    text(klantcode          => $ENV{KLANTCODE}),
    text(klantnaam          => $ENV{KLANTNAAM}),
));
my @lines;
while (my $read = <STDIN>) {
    chomp $read;
    my ($kind, @fields) = split /\t/, $read, -1;
    if ($kind ne 'breng') {
        @lines = () if $kind eq 'school';
        push @lines, [$kind, @fields];
        next;
    }
    my $answer = $soap->call(SOAP::Data->name($known->{parameters}[0]->name)->attr({ xmlns => $LR }), $header, message(\@lines));
    if ($answer->fault) {
        my $detail = $answer->dataof('/Envelope/Body/Fault/detail/fout');
        line('fout', $answer->faultcode, $answer->faultstring, $detail ? @{ $detail->attr }{qw(pad regel)} : ('', ''));
    } else {
        line('bevestigd');
    }
}
