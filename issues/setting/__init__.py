"""Setting fields of an issue by words: `p high a @me l ui`. What they say, and what that means for one issue."""
