# One call with soap4r, and the classes of soap4r_classes.rb; see README.md for what goes in and comes out.
$VERBOSE = nil
require 'soap/header/simplehandler'
require 'leerlinggegevensDriver'

AUT = 'http://www.edustandaard.nl/leerresultaten/2/autorisatie'
LG = 'http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens'
FOUT = XSD::QName.new('urn:uwlr-adapter:fout', 'fout')

class Autorisatie < SOAP::Header::SimpleHandler
  def initialize
    super(XSD::QName.new(AUT, 'autorisatie'))
  end

  def on_simple_outbound
    { 'autorisatiesleutel' => ENV['SLEUTEL'], 'klantcode' => ENV['KLANTCODE'], 'klantnaam' => ENV['KLANTNAAM'] }
  end
end

def line(*fields)
  puts fields.map { |one| one || '' }.join("\t")
end

def keys(references, before = '')
  (references || []).map { |one| before + one.xmlattr_key }
end

def records(data)
  school = data.school
  line('school', school.schooljaar, school.brincode, school.dependancecode, school.aanmaakdatum, school.xsdversie)
  if data.respond_to?(:groepen) && data.groepen
    (data.groepen.groep || []).each { |one| line('groep', one.xmlattr_key, one.naam, one.jaargroep) }
    (data.groepen.samengestelde_groep || []).each { |one| line('samengestelde_groep', one.xmlattr_key, one.naam) }
  end
  leerlingen(data.leerlingen) if data.respond_to?(:leerlingen)
  leerkrachten(data.leerkrachten) if data.respond_to?(:leerkrachten) && data.leerkrachten
end

def leerlingen(list)
  list.each do |een|
    person = [een.xmlattr_key, een.xmlattr_eckid, een.achternaam, een.roepnaam]
    day = een.geboortedatum&.strftime('%Y-%m-%d')
    line('leerling', *person, day, een.groep&.xmlattr_key, keys(een.samengestelde_groepen).join(','))
  end
end

def leerkrachten(list)
  list.each do |een|
    groepen = keys(een.groepen&.groep, 'groep:') + keys(een.groepen&.samengestelde_groep, 'samengestelde_groep:')
    line('leerkracht', een.xmlattr_key, een.xmlattr_eckid, een.achternaam, een.roepnaam, groepen.join(','))
  end
end

# Of a repeated choice soap4r sends one kind only, without a word: the elements are made by hand.
def groepen(asked)
  choice = SOAP::SOAPElement.new(XSD::QName.new(LG, 'groepen'))
  asked.each do |one|
    kind, key = one.split('=', 2)
    reference = SOAP::SOAPElement.new(XSD::QName.new(LG, kind))
    reference.extraattr['key'] = key if key
    choice.add(reference)
  end
  choice
end

def question(operatie, asked)
  per_groep = %w[HaalLeerlingen HaalLeerkrachten].include?(operatie)
  vraag = per_groep ? Uwlr::VerzoekPerGroep.new : Uwlr::LeerlinggegevensVerzoek.new
  %w[schooljaar brincode dependancecode xsdversie].each { |naam| vraag.send("#{naam}=", ENV[naam.upcase]) }
  vraag.groepen = groepen(asked) if per_groep
  vraag
end

def call(driver, operatie, vraag)
  antwoord = driver.send(operatie.sub('Haal', 'haal'), vraag)
  naam = antwoord.instance_variables.find { |one| antwoord.instance_variable_get(one) }.to_s.delete('@')
  line('uitkomst', naam.sub('_', '-'))
  data = antwoord.send(naam)
  return unless data.respond_to?(:school)

  records(data)
  vraag.laatstontvangengegevens = data.school.aanmaakdatum
end

operatie, *asked = ARGV
port = operatie == 'HaalLeerlinggegevens' ? Uwlr::PrtLeerlinggegevens : Uwlr::PrtGetrapt
driver = port.new(ENV.fetch('ENDPOINT'))
driver.headerhandler << Autorisatie.new
vraag = question(operatie, asked)
begin
  (ENV.key?('AGAIN') ? 2 : 1).times { call(driver, operatie, vraag) }
rescue SOAP::FaultError => fout
  detail = fout.detail[FOUT] if fout.detail.is_a?(SOAP::Mapping::Object)
  line('fout', fout.faultcode.data, fout.faultstring.data, detail&.xmlattr_pad, detail&.xmlattr_regel)
end
