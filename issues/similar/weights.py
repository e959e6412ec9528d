"""The weights of the score: data, fitted on the trackers of `benchmarks/duplicates.py` in November 2026."""

# BM25. The average lengths are constants, so that what is stored of an issue hangs on no other one.
K1 = 0.6
B_TITLE, B_BODY = 0.5, 0.75
AVERAGE_TITLE, AVERAGE_BODY = 7, 70
# In the body the title counts so many times. Of a query's body so many words are asked for.
TITLE_TIMES = 2
ASKED_WORDS = 40

# What comes later in a text, as a log that was pasted, is not compared.
CHARACTERS = 20_000

# How many candidates each rule gives, and among how many of the newest that share a word one of the rules looks.
BEST = 150
NEWEST = 300
# The rarest words of a query are looked up, as long as they have so many places in all.
READ = 2500

TEXT, WORDS, BODY = 5, 0.18, 13
PRIOR = 0.7
MONTHS, PRODUCT, COMPONENT = -0.75, 1.5, 0.7
OPEN, RESOLVED, RESOLVED_DAYS = 3, 2.5, 180
DUPLICATES = 1.6

# Of so many of the nearest triaged issues each suggestion is the vote; after so many days a vote counts half.
NEAREST = 30
HALF_LIFE = 365
