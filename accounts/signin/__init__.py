"""Signing in, and whatever belongs to it: second factors, passkeys, providers, sign-up, reset and sessions."""
