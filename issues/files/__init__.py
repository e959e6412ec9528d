"""The files of attachments: what they are, how they are kept on disk, and what makes pictures harmless."""
