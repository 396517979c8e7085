"""Results brought with zeep; see README.md for what goes in and comes out. Its argument: `strict` or `loose`."""

import os
import sys

from result_lines import HEADER, answer, messages
from zeep import Client, Settings
from zeep.exceptions import Fault

client = Client(f"{os.environ['ENDPOINT']}?wsdl", settings=Settings(strict=sys.argv[1] == "strict"))
for message in messages():
    try:
        assert client.service.BrengLeerresultaten(**message, _soapheaders={"msgpHeader": HEADER}) is None
        answer("bevestigd")
    except Fault as error:
        detail = {} if error.detail is None else error.detail[0].attrib
        answer("fout", error.code, error.message, detail.get("pad"), detail.get("regel"))
