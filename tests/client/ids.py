"""Names of the fake platform's objects. All are invented."""

BASE = "https://hub.test"
HUB = "hub-demo"
NODE = "nod-" + "1" * 32
INSTITUTION = "ins-" + "2" * 32
AUTHORISATION = "aut-" + "3" * 32
ACCOUNT = "acc-" + "4" * 32
USCC = "91990102MADEM0A16X"
LOG = "log.hub.test"
