"""金融纠纷: the package of a case for a notary, an arbitrator or a court, and how far a referral has come. No judging here."""
