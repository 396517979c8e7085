# One call with the classes of SOAP::WSDL, which are in the folder of -I; see README.md for what goes in and comes out.
use strict;
use warnings;
use MyInterfaces::LeerlinggegevensService::prtLeerlinggegevensService;
use MyInterfaces::LeerlinggegevensService::prtLeerlinggegevensService_getrapt;
use MyElements::fout;

binmode STDOUT, ':encoding(UTF-8)';

# wsdl2perl has no class for the detail of a fault, and without one a fault with a detail cannot be read at all.
package Detail {
    use Class::Std::Fast::Storable constructor => 'none';
    use base 'SOAP::WSDL::XSD::Typelib::ComplexType';
    my %fout_of : ATTR(:get<fout>);
    __PACKAGE__->_factory(['fout'], { fout => \%fout_of }, { fout => 'MyElements::fout' });
}
my $map = MyTypemaps::LeerlinggegevensService->get_typemap;
@$map{ 'Fault/detail', 'Fault/detail/fout' } = ('Detail', 'MyElements::fout');

sub line { print join("\t", map { $_ // '' } @_), "\n" }

# One element comes as an object, several as a list, none as nothing.
sub list { map { ref $_ eq 'ARRAY' ? @$_ : $_ // () } @_ }
sub text { my ($record, @namen) = @_; map { my $get = "get_$_"; my $text = $record->$get; defined $text ? "$text" : undef } @namen }
sub attributes { my ($record, @namen) = @_; map { my $get = "get_$_"; $record->attr->$get } @namen }
sub part { my ($record, $naam) = @_; my $get = "get_$naam"; $record && $record->can($get) ? list($record->$get) : () }

sub references {
    my ($groepen, @kinds) = @_;
    return map { my $kind = $_; map { [$kind, attributes($_, 'key')] } part($groepen, $kind) } @kinds;
}

sub records {
    my ($data) = @_;
    line('school', text($data->get_school, qw(schooljaar brincode dependancecode aanmaakdatum xsdversie)));
    my ($groepen) = part($data, 'groepen');
    line('groep', attributes($_, 'key'), text($_, qw(naam jaargroep))) for part($groepen, 'groep');
    line('samengestelde_groep', attributes($_, 'key'), text($_, 'naam')) for part($groepen, 'samengestelde_groep');
    for my $een (map { part($_, 'leerling') } part($data, 'leerlingen')) {
        my @groep = map { attributes($_, 'key') } part($een, 'groep');
        my @more = map { $_->[1] } references(part($een, 'samengestelde_groepen'), 'samengestelde_groep');
        my @person = text($een, qw(achternaam roepnaam geboortedatum));
        line('leerling', attributes($een, qw(key eckid)), @person, $groep[0], join(',', @more));
    }
    for my $een (map { part($_, 'leerkracht') } part($data, 'leerkrachten')) {
        my @more = map { join ':', @$_ } map { references($_, qw(groep samengestelde_groep)) } part($een, 'groepen');
        line('leerkracht', attributes($een, qw(key eckid)), text($een, qw(achternaam roepnaam)), join(',', @more));
    }
}

my ($operatie, @groepen) = @ARGV;
my $port = 'MyInterfaces::LeerlinggegevensService::prtLeerlinggegevensService';
my $service = ($operatie eq 'HaalLeerlinggegevens' ? $port : "${port}_getrapt")->new({ proxy => $ENV{ENDPOINT} });
my %header = (autorisatiesleutel => $ENV{SLEUTEL}, klantcode => $ENV{KLANTCODE}, klantnaam => $ENV{KLANTNAAM});
my %vraag = map { $_ => $ENV{ uc $_ } } qw(schooljaar brincode dependancecode xsdversie);

# The classes take the attributes out of what they are given, so that each call is given its own.
sub groepen {
    my %asked;
    for my $groep (@_) {
        my ($soort, $key) = split /=/, $groep;
        push @{ $asked{$soort} }, defined $key ? { xmlattr => { key => $key } } : {};
    }
    return %asked ? (groepen => \%asked) : ();
}

my $payload = $operatie eq 'HaalLeerlinggegevens' ? 'leerlinggegevens' : 'leerlinggegevens-' . lc substr $operatie, 4;
for (1 .. (exists $ENV{AGAIN} ? 2 : 1)) {
    my $antwoord = $service->$operatie({ %vraag, groepen(@groepen) }, \%header);
    if (!$antwoord) {    # a fault counts as false
        my $detail = $antwoord->get_detail;
        my $fout = ref $detail ? $detail->get_fout : undef;
        line('fout', $antwoord->get_faultcode, $antwoord->get_faultstring, $fout ? attributes($fout, qw(pad regel)) : ('', ''));
        last;
    }
    my ($uitkomst) = grep { part($antwoord, tr/-/_/r) } $payload, qw(geenwijzigingen geengegevens);
    line('uitkomst', $uitkomst);
    next if $uitkomst ne $payload;
    my ($data) = part($antwoord, $payload =~ tr/-/_/r);
    ($vraag{laatstontvangengegevens}) = text($data->get_school, 'aanmaakdatum');
    records($data);
}
