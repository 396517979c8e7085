# Make the classes of soap4r from the WSDL at an address, in this folder. Its generator is called as a library: its command
# needs a class that Ruby 3 does not have.
require 'logger'
require 'wsdl/soap/wsdl2ruby'

generator = WSDL::SOAP::WSDL2Ruby.new
generator.location = ARGV.fetch(0)
generator.logger = Logger.new(nil)
parts = { 'classdef' => nil, 'mapping_registry' => nil, 'driver' => nil, 'force' => true }
generator.opt.update(parts.merge('module_path' => 'Uwlr'))
generator.run
