"""Writes test/fixtures/sinc-bank.json: every 97th tap of the sinc filters as PyTorch and numpy compute them."""

import json
import pathlib

from aasist import sinc_bank

STEP = 97
bank = sinc_bank(70, 128).flatten()
out = pathlib.Path(__file__).parents[2] / "test" / "fixtures" / "sinc-bank.json"
out.write_text(json.dumps({"filters": 70, "taps": 129, "step": STEP, "values": bank[::STEP].tolist()}) + "\n")
